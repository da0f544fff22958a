/**
 * A model that streams its answer in small pieces, and whose first tries at an answer break off in the middle with other
 * words: what a client must take back.
 */
import { setTimeout as wait } from "node:timers/promises";
import { APICallError } from "@ai-sdk/provider";
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4StreamPart,
} from "@ai-sdk/provider";

const words = "the quick brown fox jumps over the lazy dog and goes on to say what it has seen today ".repeat(
  3,
);

/** What it says in a turn, in the end. Each turn's text is another one. */
export function answerOf(turn: number): string {
  return `turn ${turn}: ${words}`;
}

/** Calls `tool` until the last turn. `failures`: tries at each turn that break off. */
export function stammeringModel(turns: number, failures: number, pauseMs: number): LanguageModelV4 {
  const tries = new Map<string, number>();
  return {
    specificationVersion: "v4",
    provider: "stammering",
    modelId: "test",
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error("it only streams")),
    doStream(options) {
      const turn = 1 + options.prompt.filter(({ role }) => role === "assistant").length;
      const name = `${firstText(options)} ${turn}`;
      const tried = (tries.get(name) ?? 0) + 1;
      tries.set(name, tried);
      const fails = tried <= failures;
      const text = fails ? `try ${tried} at this: ${words}` : answerOf(turn);
      return Promise.resolve({ stream: ReadableStream.from(parts(text, fails, turn < turns, pauseMs)) });
    },
  };
}

function firstText({ prompt }: LanguageModelV4CallOptions): string {
  const [first] = prompt.filter((message) => message.role === "user");
  return first === undefined ? "" : JSON.stringify(first.content);
}

async function* parts(
  text: string,
  fails: boolean,
  calls: boolean,
  pauseMs: number,
): AsyncGenerator<LanguageModelV4StreamPart> {
  yield { type: "stream-start", warnings: [] };
  yield { type: "text-start", id: "t" };
  for (let at = 0; at < text.length; at += 9) {
    yield { type: "text-delta", id: "t", delta: text.slice(at, at + 9) };
    await wait(pauseMs);
    if (fails && at > text.length / 2)
      throw new APICallError({
        message: "broke off",
        url: "stammering:",
        requestBodyValues: {},
        statusCode: 503,
        isRetryable: true,
      });
  }
  yield { type: "text-end", id: "t" };
  if (calls) yield { type: "tool-call", toolCallId: "call", toolName: "look", input: "{}" };
  const unified = calls ? "tool-calls" : "stop";
  yield {
    type: "finish",
    finishReason: { unified, raw: unified },
    usage: {
      inputTokens: { total: 10, noCache: 10, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: 5, text: 5, reasoning: undefined },
    },
  };
}
