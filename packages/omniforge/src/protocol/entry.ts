/**
 * The items of the one append-only task log.
 *
 * Owns: each kind of entry, its body and its version. The transcript, the journal and the event stream are views of
 * these (see W3 for their order). `enc` is reserved for bodies that will be stored encrypted.
 */
import { z } from "zod";
import { limitName, limits } from "./agent-spec.ts";
import { call } from "./call.ts";
import { answer, inputRequest } from "./input.ts";
import { message, part, usage } from "./message.ts";

const failure = z.strictObject({ code: z.string(), message: z.string() });

/** One outcome per key (K1). */
export const resultStatus = z.enum(["result", "error", "timeout", "unknown", "refused", "canceled"]);
export type ResultStatus = z.infer<typeof resultStatus>;

export const entryBodies = {
  /** The task exists. Always seq 1. */
  created: z.strictObject({
    agent: z.string(),
    specHash: z.string(),
    loopVersion: z.number().int(),
    limits,
    root: z.string(),
    depth: z.number().int(),
    /** The conversation that it belongs to, where it was said. */
    context: z.string().optional(),
    /** The folder that the task works on, where it works on one. */
    workspace: z.string().optional(),
    parent: z.strictObject({ task: z.string(), key: z.string() }).optional(),
  }),
  /** Somebody said something; the next model step takes it. */
  message: z.strictObject({ id: z.string(), message, actor: z.string().optional() }),
  /** The model step's outcome; opens its turn. `took` names the messages it saw, in their order (K4). */
  reply: z.strictObject({
    turn: z.number().int().positive(),
    outcome: z.enum(["answer", "calls", "limit", "context-full", "failed"]),
    model: z.string(),
    parts: z.array(part),
    calls: z.array(call),
    took: z.array(z.string()),
    usage,
    /** The provider's word for why it stopped. */
    stop: z.string().optional(),
    /** The answer did not fit the agent's output schema, and is to be repaired: what is wrong with it. */
    invalid: z.string().optional(),
    /** `limit`: which one. */
    limit: limitName.optional(),
    error: failure.optional(),
  }),
  /** A person is asked. */
  request: inputRequest,
  /** What became of a request: the first wins (P1). */
  input: z.strictObject({
    id: z.string(),
    outcome: z.enum(["answered", "expired", "withdrawn"]),
    answer: answer.optional(),
    /** The id of the message that said it, where one did. */
    message: z.string().optional(),
    actor: z.string().optional(),
  }),
  cancel: z.strictObject({ id: z.string(), reason: z.string().optional(), actor: z.string().optional() }),
  /** A `once` tool is about to start (K3). */
  claim: z.strictObject({ nonce: z.string() }),
  /** The tool said that it did not start: it may be claimed again. */
  release: z.strictObject({ nonce: z.string(), error: failure }),
  /** A call's outcome. */
  result: z.strictObject({
    name: z.string(),
    status: resultStatus,
    parts: z.array(part),
    error: failure.optional(),
    durationMs: z.number().optional(),
    /** A collected sub-agent's. */
    usage: usage.optional(),
    /** Of the turn's last sub-agent: how long the turn only waited for people, which is no wall time. */
    waitedMs: z.number().nonnegative().optional(),
  }),
  /** A sub-agent's task has been opened. */
  child: z.strictObject({ task: z.string(), agent: z.string() }),
  /**
   * A try at a step that failed, or whose usage must not be lost (K4, rule 8). A model's failure without `retryAt` is
   * its last: a fallback model takes over, or the step fails.
   */
  attempt: z.strictObject({
    step: z.string(),
    error: failure,
    model: z.string().optional(),
    retryAt: z.number().optional(),
    usage: usage.optional(),
  }),
  /** The transcript so far, in short; opens a new epoch. */
  compaction: z.strictObject({
    outcome: z.enum(["compacted", "failed"]),
    epoch: z.number().int().positive(),
    summary: message.optional(),
    usage,
    error: failure.optional(),
  }),
  /** A message that no model step will take any more (P3). */
  refusal: z.strictObject({ message: z.string(), reason: z.string() }),
  /** An output other than text (reserved: nothing writes it yet). */
  artifact: z.strictObject({ name: z.string(), part }),
  /** The task was found without its executor; these steps were in flight (rule 8). */
  recovery: z.strictObject({ steps: z.array(z.string()) }),
  /** The terminal entry: no seq follows it (W2). */
  ended: z.strictObject({
    state: z.enum(["completed", "failed", "canceled", "rejected"]),
    parts: z.array(part),
    error: failure.optional(),
  }),
} as const;

export type EntryKind = keyof typeof entryBodies;
export type EntryBody<K extends EntryKind> = z.infer<(typeof entryBodies)[K]>;

/** What a commit brings: an entry that has no seq yet. */
export type NewEntry = {
  [K in EntryKind]: { readonly kind: K; readonly key?: string; readonly body: EntryBody<K> };
}[EntryKind];

/** One item of a task's log. `at`: epoch milliseconds. An erased entry keeps seq, kind and key. */
export type Entry = NewEntry & { readonly v: number; readonly seq: number; readonly at: number };
export type EntryOf<K extends EntryKind> = Extract<Entry, { kind: K }>;

/** The version of entry bodies that this release writes. */
export const entryVersion = 1;

/** A seq-less entry of one kind, typed by it. */
export function entry<K extends EntryKind>(kind: K, body: EntryBody<K>, key?: string): NewEntry {
  // The mapped union is exact per kind; TypeScript can't see that one generic K builds one of its members.
  return (key === undefined ? { kind, body } : { kind, body, key }) as NewEntry;
}

export function isKind<K extends EntryKind>(kind: K): (one: Entry) => one is EntryOf<K> {
  return (one): one is EntryOf<K> => one.kind === kind;
}
