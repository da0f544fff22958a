/**
 * From our transcript to a provider's prompt: the one place where our parts become theirs.
 *
 * Invariants: the order is stable (instructions, tools, then history that only grows), so that providers' prompt caches
 * hit; every tool call is followed by its result; reasoning goes back only to the model family it came from. Each item is
 * converted once: a turn costs the same however long the transcript is.
 */
import type { AgentSpec } from "../protocol/agent-spec.ts";
import type { EntryOf } from "../protocol/entry.ts";
import type { Json } from "../protocol/json.ts";
import { textOf, type Part } from "../protocol/message.ts";
import type { TranscriptItem } from "../protocol/transcript.ts";
import type { ModelMessage, ModelPrompt, ModelTool, ModelToolOutput } from "./language-model.ts";

const converted = new WeakMap<TranscriptItem, ReadonlyMap<string, readonly ModelMessage[]>>();

export function toPrompt(spec: AgentSpec, items: readonly TranscriptItem[]): ModelPrompt {
  const prompt: ModelPrompt =
    spec.instructions === "" ? [] : [{ role: "system", content: spec.instructions }];
  for (const item of items) for (const message of convertOnce(item, spec.model)) prompt.push(message);
  return prompt;
}

export function toModelTools(spec: AgentSpec): ModelTool[] {
  return spec.tools.map(({ name, description, parameters }) => ({
    type: "function",
    name,
    description,
    inputSchema: parameters as ModelTool["inputSchema"],
  }));
}

/** The family within which reasoning may be replayed: the provider and the model's name up to its version. */
export function modelFamily(reference: string): string {
  return reference.split(/[-@]\d/)[0] ?? reference;
}

function convertOnce(item: TranscriptItem, model: string): readonly ModelMessage[] {
  const known = converted.get(item)?.get(model);
  if (known !== undefined) return known;
  const messages =
    item.role === "user" ? [userMessage(item.message.parts)] : assistantMessages(item, modelFamily(model));
  converted.set(item, new Map([[model, messages]]));
  return messages;
}

function userMessage(parts: readonly Part[]): ModelMessage {
  type UserContent = Extract<ModelMessage, { role: "user" }>["content"];
  const content = parts.flatMap((part): UserContent => {
    if (part.type === "text") return [{ type: "text", text: part.text }];
    if (part.type === "data") return [{ type: "text", text: JSON.stringify(part.value) }];
    if (part.type === "reference") return [{ type: "text", text: part.preview }];
    if (part.type === "file" && part.data !== undefined) {
      return [
        {
          type: "file",
          mediaType: part.mediaType,
          data: { type: "data", data: part.data },
          ...(part.name !== undefined && { filename: part.name }),
        },
      ];
    }
    return [];
  });
  return { role: "user", content };
}

function assistantMessages(
  item: Extract<TranscriptItem, { role: "assistant" }>,
  family: string,
): readonly ModelMessage[] {
  type AssistantContent = Extract<ModelMessage, { role: "assistant" }>["content"];
  const content = item.parts.flatMap((part): AssistantContent => {
    switch (part.type) {
      case "text":
        return [{ type: "text", text: part.text, ...native(part.native) }];
      case "reasoning":
        return part.model === family ? [{ type: "reasoning", text: part.text, ...native(part.native) }] : [];
      case "tool-call":
        return [
          {
            type: "tool-call",
            toolCallId: part.callId,
            toolName: part.name,
            input: part.arguments,
            ...native(part.native),
          },
        ];
      default:
        return [];
    }
  });
  const calls = item.parts.filter((part) => part.type === "tool-call");
  if (calls.length === 0) return [{ role: "assistant", content }];
  const results = calls.map((part) => ({
    type: "tool-result" as const,
    toolCallId: part.callId,
    toolName: part.name,
    output: toolOutput(item.results.find((result) => result.key?.endsWith(`/tool/${part.index}`) === true)),
  }));
  return [
    { role: "assistant", content },
    { role: "tool", content: results },
  ];
}

function native(value: Json | undefined): { providerOptions?: Record<string, Record<string, Json>> } {
  return value === undefined ? {} : { providerOptions: value as Record<string, Record<string, Json>> };
}

function toolOutput(entry: EntryOf<"result"> | undefined): ModelToolOutput {
  if (entry === undefined)
    return { type: "error-text", value: "This call was interrupted; it has no result." };
  const { status, parts, error } = entry.body;
  const text =
    error === undefined
      ? textOf(parts)
      : [error.message, textOf(parts)].filter((line) => line !== "").join("\n");
  if (status === "refused") return { type: "execution-denied", reason: text };
  if (status !== "result") return { type: "error-text", value: text };
  const [only] = parts;
  return parts.length === 1 && only?.type === "data"
    ? { type: "json", value: only.value }
    : { type: "text", value: text };
}
