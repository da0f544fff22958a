/**
 * The tasks that were read or written last, each with the entries of its turn: a commit that is decided on what is known
 * here is written at once, and a turn is read from where it is known.
 *
 * Invariant: cannot lie, in this process or across processes. What is kept is as the log was at its head's seq: entries
 * never change, and none is added without moving that. A commit that was decided here is refused by the server when the
 * head has moved, and the head is read with every turn. Nothing is kept that has not been committed, nor of an erased or
 * ended task.
 */
import type { Entry } from "../../protocol/entry.ts";
import type { TaskReference } from "../../protocol/task.ts";
import type { TaskRow } from "../task-store.ts";

export interface KnownTurn {
  /** The number under which the task's entries lie. */
  readonly id: number;
  readonly row: TaskRow;
  /** All entries from the turn's first up to the head's. */
  readonly entries: readonly Entry[];
}

/** The least recently asked for are forgotten first. */
const maximumTasks = 256;
const maximumEntries = 8_192;

export class KnownTurns {
  readonly #turns = new Map<string, KnownTurn>();
  #entries = 0;

  get({ tenant, task }: TaskReference): KnownTurn | undefined {
    const known = this.#turns.get(task);
    return known?.row.tenant === tenant ? known : undefined;
  }

  keep(known: KnownTurn): void {
    const { row } = known;
    const newer = this.#turns.get(row.task);
    if (newer !== undefined && newer.row.headSeq > row.headSeq) return;
    this.forget(row);
    if (row.erased || row.endedSeq !== null) return;
    const entries = known.entries.filter(({ seq }) => seq >= row.turnSeq);
    this.#turns.set(row.task, { ...known, entries });
    this.#entries += entries.length;
    for (const [, oldest] of this.#turns) {
      if (this.#turns.size <= maximumTasks && this.#entries <= maximumEntries) return;
      this.forget(oldest.row);
    }
  }

  forget({ task }: TaskReference): void {
    this.#entries -= this.#turns.get(task)?.entries.length ?? 0;
    this.#turns.delete(task);
  }
}
