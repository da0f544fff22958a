/** Tasks and entries that the store contract is made of, and how a claim about a store is written. */
import assert from "node:assert/strict";
import { entry, type EntryBody, type NewEntry } from "../../protocol/entry.ts";
import { noUsage, userMessage } from "../../protocol/message.ts";
import { stepKey } from "../../protocol/step-key.ts";
import type { TaskReference } from "../../protocol/task.ts";
import type { Commit, CommitResult, NewTask, TaskRow, TaskStore } from "../../store/task-store.ts";

/** A claim about a store, in the present tense; it gets a fresh and empty one. */
export type Claim = (says: string, holds: (store: TaskStore) => Promise<void>) => void;

export const first: TaskReference = { tenant: "acme", task: "task_1" };
/** When everything in these claims begins. Epoch milliseconds. */
export const start = 1_700_000_000_000;

const retry = { maximumAttempts: 1, initialIntervalMs: 1, backoffCoefficient: 1, maximumIntervalMs: 1 };
const limits = { turns: 100, atLimit: "fail" as const, depth: 3, children: 32 };
export const writerSpec = {
  v: 1 as const,
  name: "writer",
  description: "",
  instructions: "Write.",
  model: "scripted:test",
  tools: [],
  skills: [],
  limits,
  modelRetry: retry,
  modelTimeoutMs: 1_000,
  modelIdleTimeoutMs: 1_000,
};

/** A task that nobody has created yet: the first one, unless said otherwise. */
export function newTask(some: Partial<NewTask> = {}): NewTask {
  return {
    ...first,
    agent: "writer",
    specs: { hash: "sha256-specs", set: { v: 1, root: "writer", agents: { writer: writerSpec } } },
    engine: "in-process",
    limits,
    loopVersion: 1,
    root: some.task ?? first.task,
    depth: 0,
    message: { id: "first", message: userMessage("Begin.") },
    at: start,
    ...some,
  };
}

export async function create(store: TaskStore, some: Partial<NewTask> = {}): Promise<TaskRow> {
  return (await store.create(newTask(some))).row;
}

/** A commit on the first task, unless said otherwise. */
export function commit(
  store: TaskStore,
  some: Partial<Commit> & { readonly entries: readonly NewEntry[] },
): Promise<CommitResult> {
  return store.commit({ ...first, at: start, ...some });
}

export function reply(turn: number, some: Partial<EntryBody<"reply">> = {}): NewEntry {
  const body = { turn, outcome: "calls" as const, model: "scripted:test", parts: [], calls: [], took: [] };
  return entry("reply", { ...body, usage: noUsage, ...some }, stepKey(turn, "model", 0));
}

export function result(turn: number, index: number, text = "done"): NewEntry {
  const body = { name: "tool", status: "result" as const, parts: [{ type: "text" as const, text }] };
  return entry("result", body, stepKey(turn, "tool", index));
}

export function message(id: string, text = "More."): NewEntry {
  return entry("message", { id, message: userMessage(text) });
}

export const endedEntry: NewEntry = entry("ended", { state: "completed", parts: [] });

/** Opens turns one after another, up to this one. */
export async function openTurns(store: TaskStore, last: number, reference = first): Promise<void> {
  const row = await store.row(reference);
  for (let turn = (row?.turn ?? 0) + 1; turn <= last; turn++) {
    await committed(store, { ...reference, entries: [reply(turn)], turn, opensTurn: true });
  }
}

export async function end(store: TaskStore, reference = first): Promise<void> {
  await committed(store, { ...reference, entries: [endedEntry] });
}

/** Commits, and fails the claim when the commit is refused. */
export async function committed(
  store: TaskStore,
  some: Partial<Commit> & { readonly entries: readonly NewEntry[] },
): Promise<Extract<CommitResult, { kind: "committed" }>> {
  const made = await commit(store, some);
  assert.ok(made.kind === "committed", `the commit was refused: ${made.kind}`);
  return made;
}

/** The row; fails the claim when there is none. */
export async function rowOf(store: TaskStore, reference: TaskReference = first): Promise<TaskRow> {
  const row = await store.row(reference);
  assert.ok(row !== undefined, `there is no task ${reference.task}`);
  return row;
}

/** Seq 1, 2, 3 … up to the head's, and nothing else. */
export async function assertGapFree(store: TaskStore, reference: TaskReference = first): Promise<void> {
  const { headSeq } = await rowOf(store, reference);
  const seqs = (await store.read(reference, 0)).map(({ seq }) => seq);
  assert.deepEqual(
    seqs,
    Array.from({ length: headSeq }, (_, index) => index + 1),
  );
}

/** Rejects with an error of this code. */
export function rejects(work: Promise<unknown>, code: string): Promise<void> {
  return assert.rejects(work, { name: "OmniForgeError", code });
}
