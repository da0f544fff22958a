/**
 * The rows of the tasks that were read or written last: a step asks for its task's row again and again, and reading all of
 * its columns costs more than what the step does with them.
 *
 * Invariant: cannot lie, in this process or across processes. What is kept is taken only when the head's seq, read at that
 * moment, is the one it was kept with: the head follows from the log, and nothing changes it without moving its seq. What
 * engines and erasing change beside it is read each time. Nothing is kept that may still be rolled back.
 */
import type { TaskReference } from "../../protocol/task.ts";
import type { TaskRow } from "../task-store.ts";
import type { Database } from "./database.ts";
import type { Row } from "../rows.ts";
import { executionOf, toTaskRow } from "../rows.ts";

/** A task's row, and the number under which its entries lie. */
export interface KnownRow {
  readonly id: number;
  readonly row: TaskRow;
}

/** Rows that are kept, the least recently asked for forgotten first. */
const maximumRows = 1_024;

export class RecentRows {
  readonly #database: Database;
  readonly #rows = new Map<string, KnownRow & { readonly moment: number }>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** The row as it is now, inside a transaction or not. */
  read({ tenant, task }: TaskReference): KnownRow | undefined {
    const known = this.#rows.get(task);
    if (known?.row.tenant === tenant) {
      const now = this.#database.get("execution", [known.id]);
      if (now !== undefined && now["head_seq"] === known.row.headSeq && now["erased"] === 0)
        return isOf(known.row, now) ? known : { id: known.id, row: { ...known.row, ...executionOf(now) } };
    }
    const row = this.#database.get("taskById", [task, tenant]);
    return row === undefined ? undefined : { id: Number(row["id"]), row: toTaskRow(row) };
  }

  /** The row as it is now, outside of a transaction: not asked for again at the moment at which it was read or committed. */
  recall(reference: TaskReference): KnownRow | undefined {
    const known = this.#rows.get(reference.task);
    if (known?.row.tenant === reference.tenant && known.moment === this.#database.moment) return known;
    return this.read(reference);
  }

  /** Keeps what has been committed, and nothing that came with it; of a task that has ended, nobody asks often. */
  keep({ id, row }: KnownRow): void {
    const { task, endedSeq } = row;
    this.#rows.delete(task);
    if (endedSeq !== null) return;
    this.#rows.set(task, { id, row, moment: this.#database.moment });
    for (const oldest of this.#rows.keys()) {
      if (this.#rows.size <= maximumRows) return;
      this.#rows.delete(oldest);
    }
  }
}

/** Whether the engine's columns are still these: nearly always, and then nothing is made anew. */
function isOf(row: TaskRow, now: Row): boolean {
  return (
    now["owner"] === row.owner &&
    now["fence"] === row.fence &&
    now["wakes"] === row.wakes &&
    now["parked_at_wakes"] === row.parkedAtWakes &&
    now["next_at"] === row.nextAt &&
    now["first_run"] === row.firstRun &&
    now["current_run"] === row.currentRun
  );
}
