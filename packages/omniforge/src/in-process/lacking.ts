/**
 * Tasks that this process handed back for want of a tool or a model: it leaves them to others for a while, each time for
 * longer, so that processes without the tool don't take them from the one that has it.
 *
 * Invariants: a task that was woken since (a cancel, an answer, a message) or has moved on to another turn is never left
 * alone, nor one whose tool or model is here by now.
 */
import type { TaskRow } from "../store/task-store.ts";

/** What a task lacked when it was handed back. */
export interface Lack {
  readonly code: string;
  readonly name: string;
}

/** What is looked at of a task. */
export type Seen = Pick<TaskRow, "task" | "wakes" | "turn">;

interface Left {
  readonly lack: Lack;
  readonly wakes: number;
  readonly turn: number;
  readonly waitMs: number;
  /** Steady milliseconds. */
  readonly until: number;
  readonly lookedAt: number;
}

const firstMs = 2_000;
const longestMs = 30_000;
/** How often the row of a task that is left alone is read again: whether somebody woke it. */
export const lookMs = 500;

export class Lacking {
  readonly #elapsed: () => number;
  readonly #isHere: (lack: Lack) => boolean;
  readonly #left = new Map<string, Left>();

  constructor(elapsed: () => number, isHere: (lack: Lack) => boolean) {
    this.#elapsed = elapsed;
    this.#isHere = isHere;
  }

  get size(): number {
    return this.#left.size;
  }

  /** The task has run here: until it lacked this, or without lacking anything. */
  ran(row: Seen, lack: Lack | undefined): void {
    const before = this.#left.get(row.task);
    this.#left.delete(row.task);
    if (lack === undefined) return;
    const waitMs = Math.min(longestMs, before === undefined ? firstMs : before.waitMs * 2);
    const now = this.#elapsed();
    const { wakes, turn } = row;
    this.#left.set(row.task, { lack, wakes, turn, waitMs, until: now + waitMs, lookedAt: now });
  }

  /** Whether to leave it to others. */
  async leaves(task: string, read: () => Promise<Seen | undefined>): Promise<boolean> {
    const left = this.#left.get(task);
    const now = this.#elapsed();
    if (left === undefined || left.until <= now || this.#isHere(left.lack)) return false;
    if (now - left.lookedAt < lookMs) return true;
    this.#left.set(task, { ...left, lookedAt: now });
    const row = await read();
    return row?.wakes === left.wakes && row.turn === left.turn;
  }

  /** Forgets what others have taken care of. */
  forget(): void {
    const now = this.#elapsed();
    for (const [task, { until }] of this.#left) if (until + 2 * longestMs < now) this.#left.delete(task);
  }
}
