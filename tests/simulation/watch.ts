/**
 * The store of a simulation, watched from outside: when each entry came, and what each task's row says now.
 *
 * Kept beside the store and never asked by the code under test.
 */
import type { Entry, EntryKind, EntryOf, TaskReference } from "omniforge/protocol";
import type { TaskRow, TaskStore } from "omniforge/store";

export const tenant = "simulated";

export interface WatchedTask {
  row: TaskRow;
  readonly log: Entry[];
  /** By seq: how many writes there had been in the whole store. */
  readonly ticks: number[];
  readonly outcomes: Map<string, Entry>;
}

export class Watch {
  readonly store: TaskStore;
  readonly tasks = new Map<string, WatchedTask>();
  tick = 0;

  constructor(store: TaskStore) {
    this.store = store;
  }

  /** After a write to a task: notes what it changed. The store answers at once, so nothing comes between. */
  async note({ task }: TaskReference): Promise<void> {
    const reference = { tenant, task };
    const row = await this.store.row(reference);
    if (row === undefined) return;
    const known: WatchedTask = this.tasks.get(task) ?? { row, log: [], ticks: [0], outcomes: new Map() };
    this.tasks.set(task, known);
    const grew = row.headSeq > known.row.headSeq || known.log.length === 0;
    known.row = row;
    if (!grew) return;
    this.tick++;
    for (const entry of await this.store.read(reference, known.log.at(-1)?.seq ?? 0)) {
      known.log.push(entry);
      known.ticks[entry.seq] = this.tick;
      if (entry.key !== undefined && !known.outcomes.has(entry.key)) known.outcomes.set(entry.key, entry);
    }
  }

  async noteAll(): Promise<void> {
    for (const task of this.tasks.keys()) await this.note({ tenant, task });
  }

  rows(): TaskRow[] {
    return [...this.tasks.values()].map(({ row }) => row);
  }
}

/** The entries of one kind. */
export function entriesOf<K extends EntryKind>(log: readonly Entry[], kind: K): EntryOf<K>[] {
  return log.filter((entry): entry is EntryOf<K> => entry.kind === kind);
}
