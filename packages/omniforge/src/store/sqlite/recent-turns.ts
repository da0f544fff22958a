/**
 * The entries of the turns that were read or written last: the steps of a turn ask for the same few again and again, and
 * reading and checking them costs more than everything else that a step does.
 *
 * Invariant: cannot lie, in this process or across processes. The head row is read each time; entries never change, and
 * none is added without moving the head's seq. So what is kept up to a seq is a prefix of what is there, and only the
 * rest is read. What this process has committed is noted after the commit, never before. Of an erased task nothing is
 * kept.
 */
import type { Entry } from "../../protocol/entry.ts";

/** Tasks whose current turn is kept, the least recently asked for forgotten first; and their entries, together. */
const maximumTasks = 1_024;
const maximumEntries = 8_192;

interface Turn {
  /** Whether entries are kept from here on, without a gap. */
  readonly from: number;
  readonly headSeq: number;
  readonly entries: readonly Entry[];
}

export class RecentTurns {
  readonly #turns = new Map<number, Turn>();
  #entries = 0;

  /** The entries from one seq up to another; `read` gets those after a seq, so many. */
  entries(
    task: number,
    from: number,
    headSeq: number,
    read: (after: number, count: number) => readonly Entry[],
  ): readonly Entry[] {
    const known = this.#turns.get(task);
    const usable = known !== undefined && known.from <= from && known.headSeq <= headSeq ? known : undefined;
    const after = Math.max(from - 1, usable?.headSeq ?? 0);
    const kept = (usable?.entries ?? []).filter((entry) => entry.seq >= from);
    const entries = after < headSeq ? [...kept, ...read(after, headSeq - after)] : kept;
    this.#keep(task, { from, headSeq, entries });
    return entries;
  }

  /** The entries from one seq up to the head, where all of them are kept. Asked inside a transaction: nothing is kept of it. */
  kept(task: number, from: number, headSeq: number): readonly Entry[] | undefined {
    const known = this.#turns.get(task);
    return known !== undefined && known.from <= from && known.headSeq === headSeq ? known.entries : undefined;
  }

  /** Notes what has been committed; where something else came between, the next read gets it. */
  note(task: number, added: readonly Entry[]): void {
    const known = this.#turns.get(task);
    const [first] = added;
    if (known === undefined || first?.seq !== known.headSeq + 1) return;
    this.#keep(task, {
      from: known.from,
      headSeq: known.headSeq + added.length,
      entries: [...known.entries, ...added],
    });
  }

  forget(task: number): void {
    this.#entries -= this.#turns.get(task)?.entries.length ?? 0;
    this.#turns.delete(task);
  }

  #keep(task: number, turn: Turn): void {
    this.forget(task);
    this.#turns.set(task, turn);
    this.#entries += turn.entries.length;
    for (const oldest of this.#turns.keys()) {
      if (this.#turns.size <= maximumTasks && this.#entries <= maximumEntries) return;
      this.forget(oldest);
    }
  }
}
