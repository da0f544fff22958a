/** Between values and the parameters of statements. Rows are read as SQLite's are: the columns have the same names. */
import { randomInt } from "node:crypto";
import type { Entry, NewEntry } from "../../protocol/entry.ts";
import type { Row } from "../rows.ts";
import { headColumns, kindNumber, toEntry } from "../rows.ts";
import type { TaskHead } from "../task-store.ts";
import type { Value } from "./connections.ts";

const largestMark = 2 ** 48 - 1;

/** Something that no other commit has drawn. */
export const drawMark = (): number => randomInt(1, largestMark);

/** The columns that a commit may change, in the order of `writeCommit`. */
export function changedColumns(head: TaskHead): readonly (string | number | null)[] {
  return [...logColumns(head), head.state, head.cancelSeq, head.endedSeq, endedAt(head)];
}

const endedAt = (head: TaskHead): number | null => (head.endedSeq === null ? null : head.updatedAt);

/** Those that a new task has already, in the order of both statements. */
export function logColumns(head: TaskHead): readonly (string | number | null)[] {
  return Object.values(headColumns(head));
}

/** Entries as arrays: one each of kinds, keys and bodies. */
export function columnsOf(
  entries: readonly (Entry | NewEntry)[],
): [number[], (string | null)[], string[]] & readonly Value[] {
  return [
    entries.map(({ kind }) => kindNumber(kind)),
    entries.map(({ key }) => key ?? null),
    entries.map(({ body }) => JSON.stringify(body)),
  ];
}

/** The entry in the columns beside a row, where there is one. */
export function entryBeside(row: Row): Entry | undefined {
  if (row["e_seq"] === null || row["e_seq"] === undefined) return undefined;
  const { e_seq: seq, e_at: at, e_v: v, e_kind: kind, e_key: key, e_body: body } = row;
  return toEntry({ seq, at, v, kind, key, body });
}
