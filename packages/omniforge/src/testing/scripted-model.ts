/**
 * A model that says what a script says. Stateless by contract: the script is a function of the conversation, so that an
 * attempt that is repeated after a crash says the same.
 */
import {
  APICallError,
  type LanguageModel,
  type ModelCallOptions,
  type ModelPrompt,
  type ModelStreamPart,
} from "../models/language-model.ts";
import type { Json } from "../protocol/json.ts";

/** What the script may look at. */
export interface Conversation {
  /** 1 for the first reply. Compaction counts anew. */
  readonly turn: number;
  /** What users said, oldest first. */
  readonly said: readonly string[];
  /** What calls came to, oldest first. */
  readonly results: readonly { readonly name: string; readonly kind: string; readonly text: string }[];
  /** Whether tools are offered: they are not while the transcript is put in short. */
  readonly tools: readonly string[];
  readonly prompt: ModelPrompt;
  readonly signal: AbortSignal | undefined;
}

export interface ScriptedReply {
  readonly text?: string;
  readonly reasoning?: string;
  readonly calls?: readonly { readonly name: string; readonly arguments?: Json; readonly raw?: string }[];
  readonly usage?: { readonly input: number; readonly output: number };
  /** `cut`: the stream ends without a finish. A status: the provider answers with it. */
  readonly fail?:
    | "cut"
    | { readonly status: number; readonly message?: string; readonly retryAfterMs?: number };
  readonly finish?: "stop" | "length" | "tool-calls" | "error";
}

export type Script = (conversation: Conversation) => ScriptedReply | Promise<ScriptedReply>;

export function scriptedModel(script: Script, reference = "scripted:test"): LanguageModel {
  const [provider = "scripted", modelId = "test"] = reference.split(":");
  return {
    specificationVersion: "v4",
    provider,
    modelId,
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error("the scripted model only streams")),
    async doStream(options) {
      const conversation = read(options);
      const reply = await script(conversation);
      if (typeof reply.fail === "object") throw refusal(reply.fail);
      return { stream: ReadableStream.from(parts(reply, conversation.turn)) };
    },
  };
}

function read({ prompt, tools = [], abortSignal }: ModelCallOptions): Conversation {
  const said: string[] = [];
  const results: { name: string; kind: string; text: string }[] = [];
  let turn = 1;
  for (const message of prompt) {
    if (message.role === "assistant") turn++;
    if (message.role === "user")
      said.push(message.content.map((part) => (part.type === "text" ? part.text : "")).join(""));
    if (message.role !== "tool") continue;
    for (const part of message.content) {
      if (part.type === "tool-result")
        results.push({ name: part.toolName, kind: part.output.type, text: textOf(part.output) });
    }
  }
  return { turn, said, results, tools: tools.map((tool) => tool.name), prompt, signal: abortSignal };
}

function textOf(output: {
  readonly type: string;
  readonly value?: unknown;
  readonly reason?: string | undefined;
}): string {
  if (output.type === "execution-denied") return output.reason ?? "";
  return typeof output.value === "string" ? output.value : JSON.stringify(output.value);
}

function* parts(reply: ScriptedReply, turn: number): Generator<ModelStreamPart> {
  yield { type: "stream-start", warnings: [] };
  if (reply.reasoning !== undefined) {
    yield { type: "reasoning-start", id: "r" };
    yield { type: "reasoning-delta", id: "r", delta: reply.reasoning };
    yield { type: "reasoning-end", id: "r" };
  }
  if (reply.text !== undefined) {
    yield { type: "text-start", id: "t" };
    yield { type: "text-delta", id: "t", delta: reply.text };
    yield { type: "text-end", id: "t" };
  }
  for (const [index, call] of (reply.calls ?? []).entries()) {
    const input = call.raw ?? JSON.stringify(call.arguments ?? {});
    yield { type: "tool-call", toolCallId: `call-${turn}-${index}`, toolName: call.name, input };
  }
  if (reply.fail === "cut") return;
  const { input, output } = reply.usage ?? { input: 10, output: 5 };
  const unified = reply.finish ?? ((reply.calls ?? []).length > 0 ? "tool-calls" : "stop");
  yield {
    type: "finish",
    finishReason: { unified, raw: unified },
    usage: {
      inputTokens: { total: input, noCache: input, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: output, text: output, reasoning: undefined },
    },
  };
}

function refusal({
  status,
  message,
  retryAfterMs,
}: {
  status: number;
  message?: string;
  retryAfterMs?: number;
}): APICallError {
  return new APICallError({
    message: message ?? `the provider answered ${status}`,
    url: "scripted:",
    requestBodyValues: {},
    statusCode: status,
    ...(retryAfterMs !== undefined && { responseHeaders: { "retry-after-ms": String(retryAfterMs) } }),
  });
}
