/**
 * The life of one process of the engine under test: it runs, stands still, or is gone.
 *
 * Owns: when a process gets no further. Everything that a process does passes here: what a dead one does never happens,
 * what a paused one does happens once it goes on. So a death needs no real process, and can be put between any two
 * writes.
 */
import type { NewEntry } from "../../protocol/entry.ts";
import { deferred } from "./deferred.ts";

/** A commit at which a process dies: before it, or after it is durable and before its process hears of it. */
export interface Cut {
  readonly when: "before" | "after";
  readonly at: (entry: NewEntry, task: string) => boolean;
}

export class Lifeline {
  #state: "running" | "paused" | "dead" = "running";
  #continued = deferred();
  readonly #death = deferred();
  #cut: Cut | undefined;

  /** Resolves when the process dies. */
  get death(): Promise<void> {
    return this.#death.promise;
  }

  get running(): boolean {
    return this.#state === "running";
  }

  /** Resolves while the process runs; once it has died, never. */
  async pass(): Promise<void> {
    while (this.#state === "paused") await this.#continued.promise;
    if (this.#state === "dead") await new Promise<never>(() => undefined);
  }

  die(): void {
    this.#state = "dead";
    this.#continued.resolve();
    this.#death.resolve();
  }

  pause(): void {
    this.#state = "paused";
    this.#continued = deferred();
  }

  continue(): void {
    this.#state = "running";
    this.#continued.resolve();
  }

  /** Dies at the first commit with such an entry. */
  dieAt(cut: Cut): void {
    this.#cut = cut;
  }

  /** Dies here if a cut says so. */
  meet(when: Cut["when"], entries: readonly NewEntry[], task: string): void {
    const cut = this.#cut;
    if (cut?.when === when && entries.some((entry) => cut.at(entry, task))) this.die();
  }
}
