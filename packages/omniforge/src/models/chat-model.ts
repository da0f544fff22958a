/**
 * A model as a partner in a conversation: where it would end the task with its answer, the task waits for the person instead.
 *
 * Each answer is recorded with a call of `listen` behind it, a question that nobody but the engine sees: so a conversation
 * is one task that waits between messages the way every task waits for a person, on both engines, through every crash. The model
 * underneath sees none of it: to it the conversation is what people and it have said.
 *
 * Invariants
 * 1. What the model says goes through as it comes; only the finish of an answer is held back, for the call before it.
 * 2. A prompt without `listen` among its tools (a compaction) gets an ordinary reply.
 */
import { listenPrompt, listenTool } from "../tools/builtin/listen.ts";
import type {
  LanguageModel,
  ModelCallOptions,
  ModelMessage,
  ModelPrompt,
  ModelStreamPart,
  ModelToolOutput,
} from "./language-model.ts";

const listen = listenTool.spec.name;

/** The model, listening after each answer. */
export function chatModel(model: LanguageModel): LanguageModel {
  return {
    specificationVersion: "v4",
    provider: model.provider,
    modelId: model.modelId,
    supportedUrls: model.supportedUrls,
    doGenerate: (options) => model.doGenerate(toModel(options)),
    async doStream(options) {
      if (hasEnded(options.prompt)) return { stream: ReadableStream.from(farewell()) };
      const result = await model.doStream(toModel(options));
      const listens = options.tools?.some(({ name }) => name === listen) === true;
      return listens ? { ...result, stream: result.stream.pipeThrough(listening()) } : result;
    },
  };
}

/** Puts the call before the finish of a reply that makes no other. */
function listening(): TransformStream<ModelStreamPart, ModelStreamPart> {
  let [calls, said] = [false, false];
  return new TransformStream({
    transform(part, controller) {
      if (part.type === "tool-call") calls = true;
      if (part.type === "text-delta" && part.delta !== "") said = true;
      if (part.type !== "finish" || calls || !isAnswer(part.finishReason.unified, said))
        return controller.enqueue(part);
      controller.enqueue(listenCall);
      controller.enqueue({ ...part, finishReason: { ...part.finishReason, unified: "tool-calls" } });
    },
  });
}

/** A refusal in words and an answer that got too long are said all the same; what failed stays a failure. */
function isAnswer(reason: string, said: boolean): boolean {
  return (
    reason === "stop" || (said && (reason === "length" || reason === "content-filter" || reason === "other"))
  );
}

const listenCall: ModelStreamPart = {
  type: "tool-call",
  toolCallId: listen,
  toolName: listen,
  input: JSON.stringify({ question: listenPrompt }),
};

function toModel(options: ModelCallOptions): ModelCallOptions {
  const { prompt, tools, ...rest } = options;
  const others = (tools ?? []).filter(({ name }) => name !== listen);
  return { ...rest, prompt: prompt.flatMap(withoutListening), ...(others.length > 0 && { tools: others }) };
}

function withoutListening(message: ModelMessage): ModelPrompt {
  if (message.role === "assistant") {
    const content = message.content.filter((part) => part.type !== "tool-call" || part.toolName !== listen);
    return content.length === message.content.length
      ? [message]
      : content.length > 0
        ? [{ ...message, content }]
        : [];
  }
  if (message.role !== "tool") return [message];
  return message.content.flatMap((part): ModelPrompt => {
    if (part.type !== "tool-result" || part.toolName !== listen) return [message];
    const text = saidIn(part.output);
    return text === "" ? [] : [{ ...message, role: "user", content: [{ type: "text", text }] }];
  });
}

/** What was said as the answer to the question; mostly nothing, because people say it as a message. */
function saidIn(output: ModelToolOutput): string {
  if (output.type === "text") return output.value;
  return output.type === "json" ? JSON.stringify(output.value) : "";
}

/** The person would say no more: the task may complete, and no model needs to be asked for that. */
function hasEnded(prompt: ModelPrompt): boolean {
  const last = prompt.at(-1);
  if (last?.role !== "tool") return false;
  return last.content.some(
    (part) =>
      part.type === "tool-result" && part.toolName === listen && part.output.type === "execution-denied",
  );
}

function* farewell(): Generator<ModelStreamPart> {
  const tokens = { total: 0, noCache: 0, cacheRead: undefined, cacheWrite: undefined };
  yield { type: "stream-start", warnings: [] };
  yield { type: "text-start", id: "end" };
  yield { type: "text-delta", id: "end", delta: "The conversation has ended." };
  yield { type: "text-end", id: "end" };
  yield {
    type: "finish",
    finishReason: { unified: "stop", raw: "ended" },
    usage: { inputTokens: tokens, outputTokens: { total: 0, text: 0, reasoning: undefined } },
  };
}
