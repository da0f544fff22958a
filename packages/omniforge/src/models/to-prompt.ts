/**
 * From our transcript to a provider's prompt: the one place where our parts become theirs.
 *
 * Invariants: the order is stable (instructions, tools, then history that only grows), so that providers' prompt caches
 * hit; every tool call is followed by its result; reasoning and whatever else is native goes back only to the model
 * family it came from; nothing is sent that every provider would refuse (an empty message, arguments that are no
 * object, one call id twice, a tool's name that no tool can have). Each item is converted once: a turn costs the same however long the transcript is.
 */
import type { AgentSpec } from "../protocol/agent-spec.ts";
import type { Json } from "../protocol/json.ts";
import type { Part, ToolCallPart } from "../protocol/message.ts";
import { parseStepKey } from "../protocol/step-key.ts";
import type { TranscriptItem } from "../protocol/transcript.ts";
import type { ModelMessage, ModelPrompt, ModelTool } from "./language-model.ts";
import { modelFamily } from "./model-reference.ts";
import { fileContent, toolResult, toolResultFiles, type FileContent, type Reader } from "./to-content.ts";

type AssistantItem = Extract<TranscriptItem, { role: "assistant" }>;
type AssistantContent = Extract<ModelMessage, { role: "assistant" }>["content"];

/** What a transcript became last time, in the words of one model: grows with it. */
interface Converted {
  readonly as: string;
  readonly items: TranscriptItem[];
  readonly messages: ModelMessage[];
  /** How many messages the items up to each have become. */
  readonly ends: number[];
}

/** By a transcript's first item, which stays while the transcript grows. */
const converted = new WeakMap<TranscriptItem, Converted>();

const anybody: Reader = { provider: "", images: true };

/** The prompt of a model call, for whoever is to read it. */
export function toPrompt(
  spec: AgentSpec,
  items: readonly TranscriptItem[],
  reader: Reader = anybody,
): ModelPrompt {
  const content = instructionsOf(spec);
  const prompt: ModelPrompt = content === "" ? [] : [{ role: "system", content }];
  return prompt.concat(convertGrowing(spec.model, items, reader));
}

/** Any provider can be told the answer's schema in words; what comes back is checked against it in any case. */
function instructionsOf({ instructions, output }: AgentSpec): string {
  if (output === undefined) return instructions;
  const wanted = `Your final answer must be one JSON value that fits this JSON Schema, and nothing else:\n${JSON.stringify(output)}`;
  return instructions === "" ? wanted : `${instructions}\n\n${wanted}`;
}

export function toModelTools(spec: AgentSpec): ModelTool[] {
  return spec.tools.map(({ name, description, parameters }) => ({
    type: "function",
    name,
    description,
    inputSchema: parameters as ModelTool["inputSchema"],
  }));
}

/** Converts what is new; what the transcript shares with last time is taken over whole. */
function convertGrowing(
  model: string,
  items: readonly TranscriptItem[],
  reader: Reader,
): readonly ModelMessage[] {
  const [first] = items;
  if (first === undefined) return [];
  const as = `${model}\n${reader.provider}\n${reader.images}`;
  const known = converted.get(first);
  const growing: Converted = known?.as === as ? known : { as, items: [], messages: [], ends: [] };
  const { messages, ends } = growing;
  ends.length = growing.items.length = sharedLength(growing.items, items);
  messages.length = ends.at(-1) ?? 0;
  for (let at = ends.length; at < items.length; at++) {
    const item = items[at];
    if (item === undefined) continue;
    messages.push(...convert(item, model, reader));
    growing.items.push(item);
    ends.push(messages.length);
  }
  converted.set(first, growing);
  return messages;
}

/** From the end: what stands before an item that both have is what stood there. */
function sharedLength(one: readonly TranscriptItem[], other: readonly TranscriptItem[]): number {
  let length = Math.min(one.length, other.length);
  while (length > 0 && one[length - 1] !== other[length - 1]) length--;
  return length;
}

function convert(item: TranscriptItem, model: string, reader: Reader): readonly ModelMessage[] {
  return item.role === "user"
    ? [userMessage(item.message.parts)]
    : assistantMessages(item, modelFamily(item.model) === modelFamily(model), reader);
}

function userMessage(parts: readonly Part[]): ModelMessage {
  const content = parts.flatMap((part): FileContent[] => {
    if (part.type === "text") return part.text === "" ? [] : [{ type: "text", text: part.text }];
    if (part.type === "data") return [{ type: "text", text: JSON.stringify(part.value) }];
    if (part.type === "reference") return [{ type: "text", text: part.preview }];
    return part.type === "file" ? [fileContent(part)] : [];
  });
  return {
    role: "user",
    content: content.length > 0 ? content : [{ type: "text", text: "(empty message)" }],
  };
}

function assistantMessages(
  item: AssistantItem,
  sameFamily: boolean,
  reader: Reader,
): readonly ModelMessage[] {
  const calls = item.parts.filter((part) => part.type === "tool-call");
  const idOf = callIds(item.turn, calls, sameFamily);
  const content = item.parts.flatMap((part) => assistantContent(part, sameFamily, idOf));
  if (calls.length === 0) return content.length === 0 ? [] : [{ role: "assistant", content }];
  const byIndex = new Map(item.results.map((result) => [parseStepKey(result.key ?? "").index, result]));
  const resultOf = (part: ToolCallPart): AssistantItem["results"][number] | undefined =>
    byIndex.get(part.index);
  const results = calls.map((part) => ({
    type: "tool-result" as const,
    toolCallId: idOf(part),
    toolName: nameOf(part),
    output: toolResult(resultOf(part), reader),
  }));
  const files = calls.flatMap((part) => toolResultFiles(part.name, resultOf(part), reader));
  return [
    { role: "assistant", content },
    { role: "tool", content: results },
    ...(files.length > 0 ? [{ role: "user" as const, content: files }] : []),
  ];
}

function assistantContent(
  part: Part,
  sameFamily: boolean,
  idOf: (part: ToolCallPart) => string,
): AssistantContent {
  const native = sameFamily && "native" in part ? nativeOf(part.native) : {};
  switch (part.type) {
    case "text":
      // Gemini hangs the signature of its thoughts on empty texts; anybody else refuses them.
      return part.text === "" && !isSigned(native) ? [] : [{ type: "text", text: part.text, ...native }];
    case "reasoning":
      return sameFamily ? [{ type: "reasoning", text: part.text, ...native }] : [];
    case "tool-call":
      return [
        {
          type: "tool-call",
          toolCallId: idOf(part),
          toolName: nameOf(part),
          input: isObject(part.arguments) ? part.arguments : {},
          ...native,
        },
      ];
    default:
      return [];
  }
}

/**
 * The tool's name in the letters and the length that providers take. A model may call what does not exist by any name
 * (`functions.read`): said back as it was, it would have every further call of the task refused.
 */
function nameOf({ name }: ToolCallPart): string {
  return name.replaceAll(/[^\w-]/g, "_").slice(0, 64) || "unknown";
}

/**
 * A provider's own ids where it will know them again; ours where it can't, or where it gave none or one twice (local
 * servers do). Ours keep to the letters and the length that all providers take.
 */
function callIds(
  turn: number,
  calls: readonly ToolCallPart[],
  sameFamily: boolean,
): (part: ToolCallPart) => string {
  const distinct = new Set(calls.map((part) => part.callId)).size === calls.length;
  const theirs = sameFamily && distinct && calls.every((part) => part.callId !== "");
  return (part) => (theirs ? part.callId : `call_${turn}_${part.index}`);
}

interface Native {
  readonly providerOptions?: Record<string, Record<string, Json>>;
}

function nativeOf(value: Json | undefined): Native {
  if (!isObject(value)) return {};
  const options: Record<string, Record<string, Json>> = {};
  for (const [provider, members] of Object.entries(value)) if (isObject(members)) options[provider] = members;
  return Object.keys(options).length > 0 ? { providerOptions: options } : {};
}

function isSigned({ providerOptions = {} }: Native): boolean {
  return Object.values(providerOptions).some((members) => "thoughtSignature" in members);
}

function isObject(value: Json | undefined): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
