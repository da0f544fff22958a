/** A reply as a provider sends it: parts of a stream, or one result; and the faults that are put into them. */
import type {
  LanguageModel,
  ModelCallOptions,
  ModelPrompt,
  ModelStreamPart,
  ModelUsage,
} from "../language-model.ts";
import type { KeylessReply } from "./reply.ts";

export type Interference = "fail" | "cut" | "malformed";
export type Generated = Awaited<ReturnType<LanguageModel["doGenerate"]>>;
type ToolCall = Extract<ModelStreamPart, { type: "tool-call" }>;

/** The parts in order: text word by word, then the calls, then the finish with the usage (at four characters a token). */
export function toParts(
  { text, calls: planned }: KeylessReply,
  turn: number,
  { prompt, tools = [] }: ModelCallOptions,
  interference: Interference | undefined,
): ModelStreamPart[] {
  const calls = planned.map(({ name, input }, index) => toolCall(turn, index, name, JSON.stringify(input)));
  if (interference === "malformed")
    calls.splice(0, 1, malformed(calls[0] ?? toolCall(turn, 0, tools[0]?.name ?? "none", "{}")));
  const words = text.match(/\s*\S+\s*/g) ?? [];
  const parts: ModelStreamPart[] = [
    { type: "stream-start", warnings: [] },
    { type: "response-metadata", id: `keyless-${turn}`, modelId: "demo" },
    { type: "text-start", id: "text" },
    ...words.map((delta) => ({ type: "text-delta" as const, id: "text", delta })),
    { type: "text-end", id: "text" },
    ...calls,
  ];
  if (interference === "cut") return parts.slice(0, Math.ceil(parts.length / 2));
  const written = text.length + calls.reduce((sum, { input }) => sum + input.length, 0);
  const reason = calls.length > 0 ? "tool-calls" : "stop";
  parts.push({
    type: "finish",
    finishReason: { unified: reason, raw: reason },
    usage: usageOf(lengthOf(prompt), written),
  });
  return parts;
}

/** The whole result of a call; undefined when the parts have no finish. */
export function toGenerated(parts: readonly ModelStreamPart[]): Generated | undefined {
  const finish = parts.find((part) => part.type === "finish");
  if (finish === undefined) return undefined;
  const text = parts.map((part) => (part.type === "text-delta" ? part.delta : "")).join("");
  const content = [{ type: "text" as const, text }, ...parts.filter((part) => part.type === "tool-call")];
  return { content, finishReason: finish.finishReason, usage: finish.usage, warnings: [] };
}

function toolCall(turn: number, index: number, toolName: string, input: string): ToolCall {
  return { type: "tool-call", toolCallId: `call-${turn}-${index}`, toolName, input };
}

function malformed(call: ToolCall): ToolCall {
  return { ...call, input: call.input.slice(0, -1) };
}

function usageOf(read: number, written: number): ModelUsage {
  const [input, output] = [Math.ceil(read / 4), Math.ceil(written / 4)];
  return {
    inputTokens: { total: input, noCache: input, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: output, text: output, reasoning: 0 },
  };
}

function lengthOf(prompt: ModelPrompt): number {
  return prompt.reduce(
    (sum, { content }) => sum + (typeof content === "string" ? content : JSON.stringify(content)).length,
    0,
  );
}
