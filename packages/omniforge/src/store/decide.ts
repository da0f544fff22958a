/**
 * What a commit does, as a pure function of the head row and what its keys found. Every store calls this inside its
 * transaction, so the rules of writing exist once.
 *
 * Invariants: seqs are taken from the head row, gap-free (W1); nothing follows the terminal entry (W2); the first key
 * decides (K2); a step of an earlier turn is never inserted (K1); an accepted id is accepted once (P1).
 */
import { entryBodies, entryVersion, type Entry, type NewEntry } from "../protocol/entry.ts";
import { OmniForgeError } from "../protocol/error.ts";
import type { StepKey } from "../protocol/step-key.ts";
import type { TaskReference } from "../protocol/task.ts";
import { project } from "./project.ts";
import type { Commit, CommitResult, NewTask, TaskExecution, TaskHead, TaskRow } from "./task-store.ts";

/** What the store found in the same transaction. */
export interface CommitFacts {
  readonly row: TaskRow | undefined;
  /** The first entry found under one of `decidingKeys`. */
  readonly keyed: Entry | undefined;
  /** The entry accepted under one of `commit.accepts`, if there is one. */
  readonly accepted: Entry | undefined;
}

export interface Decision {
  readonly result: CommitResult;
  /** To be inserted, and the head to be written with them; none when the commit was refused. */
  readonly write?: { readonly head: TaskHead; readonly entries: readonly Entry[]; readonly wakes: boolean };
  /** To be kept aside (W2). */
  readonly late?: readonly NewEntry[];
}

/** The keys that must not have an entry yet: one outcome per key (K1, K2). */
export function decidingKeys(commit: Commit): readonly StepKey[] {
  const keys = commit.entries.flatMap((entry) => entry.key ?? []);
  return commit.key === undefined || keys.includes(commit.key) ? keys : [commit.key, ...keys];
}

/** What a commit accepts. */
export function acceptedIds({ accepts }: Commit): readonly string[] {
  if (accepts === undefined) return [];
  return typeof accepts === "string" ? [accepts] : accepts;
}

export function decide(commit: Commit, facts: CommitFacts): Decision {
  const { row } = facts;
  if (row === undefined) return { result: { kind: "missing" } };
  const first = facts.accepted ?? facts.keyed;
  if (first !== undefined) return refused(commit, row, { kind: "found", entry: first });
  if (row.endedSeq !== null) return refused(commit, row, { kind: "ended" });
  if (commit.fence !== undefined && commit.fence !== row.fence) return refused(commit, row, { kind: "lost" });
  if (isStale(commit, row)) return refused(commit, row, { kind: "stale" });
  if (commit.seq !== undefined && commit.seq !== row.headSeq) return { result: { kind: "moved" } };
  const { head, entries } = append(row, commit.entries, commit.at);
  return {
    result: { kind: "committed", head, entries },
    write: { head, entries, wakes: commit.accepts !== undefined },
  };
}

function isStale(commit: Commit, row: TaskRow): boolean {
  if (commit.turn === undefined) return false;
  return commit.opensTurn === true ? commit.turn !== row.turn + 1 : commit.turn < row.turn;
}

/** Nothing is inserted; what must not be forgotten (the receipt of a payment) is kept aside (W2). */
function refused(commit: Commit, row: TaskRow, result: CommitResult): Decision {
  if (commit.keepLate !== true || row.erased) return { result };
  const late = commit.entries.filter((one) => result.kind !== "found" || !saysTheSame(result.entry, one));
  return { result, ...(late.length > 0 && { late }) };
}

/** A commit that is repeated finds what it wrote itself: nothing of it came too late. */
function saysTheSame(found: Entry, one: NewEntry): boolean {
  const same = found.kind === one.kind && found.key === one.key;
  return same && JSON.stringify(found.body) === JSON.stringify(entryBodies[one.kind].parse(one.body));
}

/** The entries with their seqs, and the head after them. A clock that went back never makes the log's times go back. */
export function append(
  head: TaskHead,
  added: readonly NewEntry[],
  at: number,
): { head: TaskHead; entries: readonly Entry[] } {
  const time = Math.max(at, head.updatedAt);
  const entries: Entry[] = [];
  let next = head;
  for (const one of added) {
    const entry: Entry = { ...one, v: entryVersion, seq: next.headSeq + 1, at: time };
    entries.push(entry);
    next = project(next, entry);
  }
  return { head: next, entries };
}

/** The head of a task that does not exist yet, before its first entries. */
export function emptyHead(task: NewTask): TaskHead {
  return {
    tenant: task.tenant,
    task: task.task,
    agent: task.agent,
    specHash: task.specs.hash,
    loopVersion: task.loopVersion,
    engine: task.engine,
    state: "submitted",
    root: task.root,
    context: task.context ?? task.root,
    parent: task.parent?.task ?? null,
    parentKey: task.parent?.key ?? null,
    depth: task.depth,
    workspace: task.workspace ?? null,
    limits: task.limits,
    headSeq: 0,
    turn: 0,
    turnSeq: 0,
    epoch: 0,
    epochTurn: 0,
    epochSeq: 0,
    messages: 0,
    taken: 0,
    children: 0,
    cancelSeq: null,
    endedSeq: null,
    pending: [],
    usage: { inputTokens: 0, outputTokens: 0 },
    activeMs: 0,
    activeSince: null,
    createdAt: task.at,
    updatedAt: task.at,
    erased: false,
  };
}

/** What no engine has touched. */
export const neverRun: TaskExecution = {
  owner: null,
  fence: 0,
  wakes: 0,
  parkedAtWakes: null,
  nextAt: null,
  firstRun: null,
  currentRun: null,
};

/** A new task's first two entries: that it exists, and what it was asked. */
export function firstEntries(task: NewTask): readonly NewEntry[] {
  const { message } = task;
  return [
    {
      kind: "created",
      body: {
        agent: task.agent,
        specHash: task.specs.hash,
        loopVersion: task.loopVersion,
        limits: task.limits,
        root: task.root,
        depth: task.depth,
        ...(task.context !== undefined && { context: task.context }),
        ...(task.workspace !== undefined && { workspace: task.workspace }),
        ...(task.parent && { parent: { task: task.parent.task, key: task.parent.key } }),
      },
    },
    {
      kind: "message",
      body: {
        id: message.id,
        message: message.message,
        ...(message.actor !== undefined && { actor: message.actor }),
      },
    },
  ];
}

/** Task ids are unique across tenants: engines know tasks by them. */
export function idTaken({ task }: TaskReference): OmniForgeError {
  return new OmniForgeError("TASK_CONFLICT", `the task id ${task} is taken: choose another`);
}
