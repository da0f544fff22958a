/** A model that says its text word by word: processes die in the middle of a sentence, and followers hear it grow. */
import { setTimeout as sleep } from "node:timers/promises";
import type {
  LanguageModel,
  ModelStreamPart,
} from "../../../packages/omniforge/src/models/language-model.ts";

const pauseMs = 2;

export function inWords(model: LanguageModel): LanguageModel {
  return {
    ...model,
    async doStream(options) {
      const { stream, ...rest } = await model.doStream(options);
      return { ...rest, stream: ReadableStream.from(parted(stream)) };
    },
  };
}

async function* parted(stream: AsyncIterable<ModelStreamPart>): AsyncGenerator<ModelStreamPart> {
  for await (const part of stream) {
    if (part.type !== "text-delta") {
      yield part;
      continue;
    }
    for (const delta of part.delta.split(/(?<= )/)) {
      yield { ...part, delta };
      await sleep(pauseMs);
    }
  }
}
