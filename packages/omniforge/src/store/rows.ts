/** Between values and the rows of any database: column names, integer kinds, JSON columns. */
import { entryBodies, type Entry, type EntryKind, type NewEntry } from "../protocol/entry.ts";
import { readEntry } from "../protocol/upcast.ts";
import type { TaskReference } from "../protocol/task.ts";
import type { EngineHome, TaskExecution, TaskHead, TaskRow } from "./task-store.ts";

/** A row as a driver gives it: numbers, texts and nulls under the names of the columns, which are the same everywhere. */
export type Row = Readonly<Record<string, null | number | bigint | string | Uint8Array | undefined>>;

/** Stored numbers of the kinds: append only, never reorder. */
const kinds: readonly EntryKind[] = [
  "created",
  "message",
  "reply",
  "request",
  "input",
  "cancel",
  "claim",
  "release",
  "result",
  "child",
  "attempt",
  "compaction",
  "refusal",
  "artifact",
  "recovery",
  "ended",
];

export function kindNumber(kind: EntryKind): number {
  return kinds.indexOf(kind);
}

export function toEntry(row: Row): Entry {
  return readEntry({
    v: Number(row["v"]),
    seq: Number(row["seq"]),
    at: Number(row["at"]),
    kind: kinds[Number(row["kind"])] ?? `kind ${String(row["kind"])}`,
    key: textOrNull(row["key"]),
    body: textOrNull(row["body"]),
  });
}

/** A late entry's row: it has no seq, so it is read as entry 0 and stripped. */
export function toLate(row: Row): { key: string | null; at: number; entry: NewEntry } {
  const { kind, body, key } = toEntry({ ...row, seq: 0 });
  return {
    key: key ?? null,
    at: Number(row["at"]),
    entry: { kind, body, ...(key !== undefined && { key }) } as NewEntry,
  };
}

/** The columns that a commit may change, in the order of the statements that change them: names cost as much as they do. */
export function headColumns(head: TaskHead): Record<string, string | number | null> {
  return {
    limits: JSON.stringify(head.limits),
    headSeq: head.headSeq,
    turn: head.turn,
    turnSeq: head.turnSeq,
    epoch: head.epoch,
    epochTurn: head.epochTurn,
    epochSeq: head.epochSeq,
    messages: head.messages,
    taken: head.taken,
    children: head.children,
    pending: JSON.stringify(head.pending),
    usage: JSON.stringify(head.usage),
    activeMs: head.activeMs,
    activeSince: head.activeSince,
    updatedAt: head.updatedAt,
  };
}

/** Those that indexes name: a statement that sets one of them writes the indexes, whether it changes or not. */
export function indexedColumns(head: TaskHead): Record<string, string | number | null> {
  return { state: head.state, cancelSeq: head.cancelSeq, endedSeq: head.endedSeq };
}

export function toTaskRow(row: Row): TaskRow {
  return {
    tenant: text(row["tenant"]),
    task: text(row["task"]),
    agent: text(row["agent"]),
    specHash: text(row["spec_hash"]),
    loopVersion: Number(row["loop_version"]),
    engine: text(row["engine"]) as TaskRow["engine"],
    state: text(row["state"]) as TaskRow["state"],
    root: text(row["root"]),
    context: text(row["context"]),
    parent: textOrNull(row["parent"]),
    parentKey: textOrNull(row["parent_key"]),
    depth: Number(row["depth"]),
    workspace: textOrNull(row["workspace"]),
    limits: JSON.parse(text(row["limits"])) as TaskRow["limits"],
    headSeq: Number(row["head_seq"]),
    turn: Number(row["turn"]),
    turnSeq: Number(row["turn_seq"]),
    epoch: Number(row["epoch"]),
    epochTurn: Number(row["epoch_turn"]),
    epochSeq: Number(row["epoch_seq"]),
    messages: Number(row["messages"]),
    taken: Number(row["taken"]),
    children: Number(row["children"]),
    cancelSeq: numberOrNull(row["cancel_seq"]),
    endedSeq: numberOrNull(row["ended_seq"]),
    pending: JSON.parse(text(row["pending"])) as TaskRow["pending"],
    usage: JSON.parse(text(row["usage"])) as TaskRow["usage"],
    activeMs: Number(row["active_ms"]),
    activeSince: numberOrNull(row["active_since"]),
    createdAt: Number(row["created_at"]),
    updatedAt: Number(row["updated_at"]),
    erased: row["erased"] === 1,
    ...executionOf(row),
  };
}

export function toReference(row: Row): TaskReference {
  return { tenant: text(row["tenant"]), task: text(row["task"]) };
}

/** Whether an engine's tasks are said to be here already, by this name. */
export function isHome(row: Row | undefined, { id, name }: EngineHome): boolean {
  return row?.["id"] === id && row["name"] === name;
}

/** The scheduling columns: they change without the log. */
export function executionOf(row: Row): TaskExecution {
  return {
    owner: textOrNull(row["owner"]),
    fence: Number(row["fence"]),
    wakes: Number(row["wakes"]),
    parkedAtWakes: numberOrNull(row["parked_at_wakes"]),
    nextAt: numberOrNull(row["next_at"]),
    firstRun: textOrNull(row["first_run"]),
    currentRun: textOrNull(row["current_run"]),
  };
}

function text(value: Row[string]): string {
  return typeof value === "string" ? value : String(value ?? "");
}

function textOrNull(value: Row[string]): string | null {
  return typeof value === "string" ? value : null;
}

function numberOrNull(value: Row[string]): number | null {
  return typeof value === "number" ? value : null;
}

/** Every kind has a number: a new kind without one would be stored as -1. */
export function kindsWithoutNumber(): readonly string[] {
  return Object.keys(entryBodies).filter((kind) => !kinds.some((known) => known === kind));
}
