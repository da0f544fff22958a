/**
 * What is said: messages and their parts, in our own shape. A provider's shapes are never stored as truth; what only
 * the same provider can read travels in `native`.
 */
import { z } from "zod";
import { json, wellFormedText } from "./json.ts";

/** Where the bytes of a large value lie: see `store/blob-store.ts`. `hash` is opaque and carries its algorithm. */
export const blobReference = z.strictObject({ hash: z.string(), bytes: z.number().int().nonnegative() });
export type BlobReference = z.infer<typeof blobReference>;

export const part = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: wellFormedText, native: json.optional() }),
  z.strictObject({
    type: z.literal("file"),
    mediaType: z.string(),
    name: z.string().optional(),
    /** Base64, for small files; else a blob. */
    data: z.string().optional(),
    blob: blobReference.optional(),
  }),
  z.strictObject({ type: z.literal("data"), value: json, schema: z.string().optional() }),
  z.strictObject({
    type: z.literal("reasoning"),
    text: wellFormedText,
    /** The model family that may see it again. */
    model: z.string(),
    native: json.optional(),
  }),
  z.strictObject({ type: z.literal("artifact"), name: z.string(), blob: blobReference.optional() }),
  /** A preview of a value that was too large for the log, and where the whole of it is. */
  z.strictObject({ type: z.literal("reference"), preview: wellFormedText, blob: blobReference }),
  z.strictObject({
    type: z.literal("tool-call"),
    index: z.number().int().nonnegative(),
    /** The provider's id: data, never a key, because providers repeat ids. */
    callId: z.string(),
    name: z.string(),
    arguments: json,
    /** Set when the model's arguments can't be taken: how they began, and why not where they were JSON. */
    malformed: wellFormedText.optional(),
    native: json.optional(),
  }),
]);
export type Part = z.infer<typeof part>;
export type ToolCallPart = Extract<Part, { type: "tool-call" }>;

export const message = z.strictObject({
  v: z.literal(1),
  role: z.enum(["user", "assistant"]),
  parts: z.array(part),
});
export type Message = z.infer<typeof message>;

/** A user's message of plain text. */
export function userMessage(text: string): Message {
  return { v: 1, role: "user", parts: [{ type: "text", text }] };
}

/** The text of the parts, joined; reasoning, calls and files left out. */
export function textOf(parts: readonly Part[]): string {
  return parts
    .map((one) => (one.type === "text" ? one.text : one.type === "reference" ? one.preview : ""))
    .join("");
}

/** Whether a file of this media type is shown to models as text. */
export function isTextType(mediaType: string): boolean {
  return /^(text\/|application\/(json|xml|yaml|x-yaml|toml|javascript)\b)/.test(mediaType);
}

export const usage = z.strictObject({
  inputTokens: z.number().nonnegative(),
  outputTokens: z.number().nonnegative(),
  /** Of the input: read from the provider's prompt cache, and written to it. */
  cachedInputTokens: z.number().nonnegative().optional(),
  cacheWriteTokens: z.number().nonnegative().optional(),
  reasoningTokens: z.number().nonnegative().optional(),
  /** US dollars, by the prices known when the call was made; none where no price was known. */
  costUsd: z.number().nonnegative().optional(),
});
export type Usage = z.infer<typeof usage>;

export const noUsage: Usage = { inputTokens: 0, outputTokens: 0 };

export function addUsage(one: Usage, other: Usage): Usage {
  const cached = (one.cachedInputTokens ?? 0) + (other.cachedInputTokens ?? 0);
  const written = (one.cacheWriteTokens ?? 0) + (other.cacheWriteTokens ?? 0);
  const reasoning = (one.reasoningTokens ?? 0) + (other.reasoningTokens ?? 0);
  const cost = (one.costUsd ?? 0) + (other.costUsd ?? 0);
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    ...(cached > 0 && { cachedInputTokens: cached }),
    ...(written > 0 && { cacheWriteTokens: written }),
    ...(reasoning > 0 && { reasoningTokens: reasoning }),
    ...(cost > 0 && { costUsd: cost }),
  };
}
