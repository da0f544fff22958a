/** The rows that a commit adds beside its task's own. Only inside a transaction. */
import type { Entry } from "../../protocol/entry.ts";
import { kindNumber } from "../rows.ts";
import type { TaskHead } from "../task-store.ts";
import type { Database } from "./database.ts";

export interface NewRows {
  /** The number under which the task's entries lie. */
  readonly id: number;
  /** As it is after them. */
  readonly head: TaskHead;
  readonly entries: readonly Entry[];
  /** Ids that the first of the entries accepts. */
  readonly accepts: readonly string[];
}

export function writeEntries(database: Database, { id, head, entries, accepts }: NewRows): void {
  for (const entry of entries) {
    database.run("insertEntry", [
      id,
      entry.seq,
      entry.at,
      entry.v,
      kindNumber(entry.kind),
      entry.key ?? null,
      JSON.stringify(entry.body),
    ]);
  }
  for (const one of accepts) database.run("insertAccepted", [id, one, entries[0]?.seq ?? head.headSeq]);
  // A parent waits for its children: their end wakes it, in the same transaction.
  if (head.endedSeq !== null && head.parent !== null) database.run("wakeTask", [head.parent, head.tenant]);
}
