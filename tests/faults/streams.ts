/** Models that stream what no model should. */
import type { LanguageModel, ModelStreamPart } from "../../packages/omniforge/src/models/language-model.ts";

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: 1, reasoning: undefined },
};
export const finish: ModelStreamPart = {
  type: "finish",
  finishReason: { unified: "stop", raw: "stop" },
  usage,
};
export const said = (text: string): ModelStreamPart[] => [
  { type: "text-start", id: "t" },
  { type: "text-delta", id: "t", delta: text },
  { type: "text-end", id: "t" },
];
export const call = (toolName: string, input: string, toolCallId = "id"): ModelStreamPart => ({
  type: "tool-call",
  toolCallId,
  toolName,
  input,
});

/** A model whose streams are made of these parts; `closed` counts the streams that were let go before their end. */
export interface Streaming {
  readonly model: LanguageModel;
  readonly asked: () => number;
  readonly closed: () => number;
}

/** Pulled one by one, so that what nobody reads is never made. The types say parts; a server says what it likes. */
export function streaming(parts: (attempt: number) => Iterable<unknown>): Streaming {
  let asked = 0;
  let closed = 0;
  const model = modelThat(() => {
    const left: Iterator<unknown, unknown> = parts(asked++)[Symbol.iterator]();
    const stream = new ReadableStream<ModelStreamPart>({
      pull(controller) {
        const { done, value } = left.next();
        if (done === true) controller.close();
        else controller.enqueue(value as ModelStreamPart);
      },
      cancel() {
        closed++;
      },
    });
    return Promise.resolve({ stream });
  });
  return { model, asked: () => asked, closed: () => closed };
}

/** A model that does this when it is asked. */
export function modelThat(doStream: LanguageModel["doStream"]): LanguageModel {
  return {
    specificationVersion: "v4",
    provider: "hostile",
    modelId: "test",
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error("only streams")),
    doStream,
  };
}

/** The same again and again, for ever. */
export function* endless(...parts: readonly ModelStreamPart[]): Generator<ModelStreamPart> {
  for (;;) yield* parts;
}
