/**
 * Which logs have grown, as this process knows it: by its own commits, by what others announce, and by looking.
 *
 * Invariants: the version moves with everything that is noted; a mark of before a gap names no logs, so that its owner
 * looks at all it follows (W4: announcements are hints).
 */
import type { TaskReference } from "../../protocol/task.ts";
import type { Growth } from "../task-store.ts";

export type Grown = TaskReference & { readonly headSeq: number };

/** Notes that are kept; whoever asks for older ones looks at everything. */
const kept = 20_000;

export class GrowthNotes {
  #notes: Grown[] = [];
  /** The place of the first note among all that ever were. */
  #first = 0;
  #heads = new Map<string, number>();
  #version = 0;

  get version(): number {
    return this.#version;
  }

  /** Something was written, perhaps to these logs. */
  note(logs: readonly Grown[]): void {
    this.#version++;
    for (const log of logs) {
      if ((this.#heads.get(log.task) ?? 0) >= log.headSeq) continue;
      this.#heads.set(log.task, log.headSeq);
      this.#notes.push(log);
    }
    if (this.#heads.size > kept) this.#heads = new Map();
    if (this.#notes.length <= kept * 2) return;
    this.#first += this.#notes.length - kept;
    this.#notes = this.#notes.slice(-kept);
  }

  /** What was announced may have been missed. */
  gap(): void {
    this.#version++;
    this.#first += this.#notes.length + 1;
    this.#notes = [];
  }

  since(mark: string | undefined): Growth {
    const end = this.#first + this.#notes.length;
    const from = mark === undefined ? -1 : Number(mark);
    if (from < this.#first || from > end) return { mark: String(end) };
    const newest = new Map(this.#notes.slice(from - this.#first).map((log) => [log.task, log]));
    return { mark: String(end), logs: [...newest.values()] };
  }
}
