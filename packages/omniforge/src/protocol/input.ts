/** Pauses for a person: what is asked, and what may be said. */
import { z } from "zod";
import { limitName } from "./agent-spec.ts";
import { json, wellFormedText } from "./json.ts";
import { message } from "./message.ts";

export const inputKind = z.enum(["approval", "question", "limit"]);

/** What a person is asked. `id` is unique for the task's life; answer, expiry and withdrawal share it (P1). */
export const inputRequest = z.strictObject({
  id: z.string(),
  kind: inputKind,
  /** The step that waits. */
  key: z.string(),
  prompt: wellFormedText,
  tool: z.string().optional(),
  /** Approvals: the arguments that are approved, and their hash (K5). */
  arguments: json.optional(),
  argumentsHash: z.string().optional(),
  /** Questions: JSON Schema of the answer; none: text. */
  schema: json.optional(),
  /** Limit requests: which limit a person may extend. */
  limit: limitName.optional(),
  /** Epoch milliseconds. An answer after it writes the expiry and is refused. */
  deadline: z.number().optional(),
});
export type InputRequest = z.infer<typeof inputRequest>;

/** What a person answers. */
export const answer = z.discriminatedUnion("decision", [
  z.strictObject({ decision: z.literal("approve"), arguments: json.optional() }),
  z.strictObject({ decision: z.literal("reject"), reason: wellFormedText.optional() }),
  z.strictObject({ decision: z.literal("answer"), value: json }),
]);
export type Answer = z.infer<typeof answer>;

/** What is said is known by this for the task's life; a store would make two broken texts one. */
const inputId = wellFormedText.min(1).max(200);

/** The seq that the log must end with when it is accepted: who says it has seen nothing later. None: whatever it is. */
const seq = z.int().nonnegative().optional();

/** What somebody says, under its own id. A task begins with one. */
export const messageInput = z.strictObject({
  kind: z.literal("message"),
  id: inputId,
  message,
  actor: wellFormedText.optional(),
  seq,
});

/** Anything that people say to a task, each under its own id. */
export const input = z.discriminatedUnion("kind", [
  messageInput,
  z.strictObject({
    kind: z.literal("answer"),
    request: z.string(),
    answer,
    /** The id of the message that says it, where one does: the same message again is the same answer. */
    message: inputId.optional(),
    actor: wellFormedText.optional(),
    seq,
  }),
  z.strictObject({
    kind: z.literal("cancel"),
    id: inputId,
    reason: wellFormedText.optional(),
    actor: wellFormedText.optional(),
    seq,
  }),
]);
export type Input = z.infer<typeof input>;
