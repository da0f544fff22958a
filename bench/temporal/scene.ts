/** What the bench's tasks on Temporal do: look so many times, and perhaps ask a person. */
import { askHumanTool, defineAgent, type Agent, type Tool } from "omniforge";
import type { LanguageModel } from "../../packages/omniforge/src/models/language-model.ts";
import { answer, call, look, promptModel } from "../engine.ts";

export interface Scene {
  readonly tools: readonly Tool[];
  /** Looks in so many turns, then asks, then ends. */
  readonly asking: (looks: number) => LanguageModel;
}

export function scene(onStep: () => void): Scene {
  const watched: Tool = {
    ...look,
    execute: (...given) => {
      onStep();
      return look.execute(...given);
    },
  };
  const asking = (looks: number): LanguageModel => ({
    ...promptModel(0, () => undefined),
    modelId: "asking",
    doStream({ prompt }) {
      onStep();
      const turn = prompt.length / 2;
      const ask = call("ask_human", { question: "Which?" });
      const reply = turn <= looks ? call("look", { turn }) : turn === looks + 1 ? ask : answer;
      return Promise.resolve({ stream: ReadableStream.from(reply) });
    },
  });
  return { tools: [watched, askHumanTool], asking };
}

export const askingAgent = (looks: number): Agent =>
  defineAgent({
    name: "asking",
    instructions: "Look, then ask.",
    model: "bench:asking",
    tools: [look, askHumanTool],
    limits: { turns: looks + 3 },
  });
