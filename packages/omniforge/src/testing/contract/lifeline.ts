/**
 * The life of one process of the engine under test: it runs, stands still, or is gone.
 *
 * Owns: when a process gets no further. Everything that a process does passes here: what a dead one does never happens,
 * what a paused one does happens once it goes on. So a death needs no real process, and can be put between any two
 * writes.
 */
import type { NewEntry } from "../../protocol/entry.ts";
import { deferred, type Deferred } from "./deferred.ts";

/** A commit at which a process gets no further: before it, or after it is durable and before its process hears of it. */
export interface Cut {
  readonly when: "before" | "after";
  readonly at: (entry: NewEntry, task: string) => boolean;
  readonly how: "dies" | "pauses";
}

export class Lifeline {
  #state: "running" | "paused" | "dead" = "running";
  #continued = deferred();
  readonly #failed = deferred();
  #reason: Error | undefined;
  #cut: (Cut & { readonly reached: Deferred }) | undefined;

  get running(): boolean {
    return this.#state === "running";
  }

  /** Resolves while the process runs; once it has died, never. */
  async pass(): Promise<void> {
    while (this.#state === "paused") await this.#continued.promise;
    if (this.#state === "dead") await this.#failed.promise;
    if (this.#reason !== undefined) throw this.#reason;
  }

  die(): void {
    this.#state = "dead";
    this.#continued.resolve();
  }

  /** Lets everything throw that a dead process was left waiting for. */
  fail(reason: Error): void {
    this.#reason = reason;
    this.#failed.resolve();
  }

  pause(): void {
    this.#state = "paused";
    this.#continued = deferred();
  }

  continue(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    this.#continued.resolve();
  }

  /** Dies or pauses at the first commit with such an entry; resolves once it has. */
  cut(cut: Cut): Promise<void> {
    const reached = deferred();
    this.#cut = { ...cut, reached };
    return reached.promise;
  }

  /** A commit: dies or pauses here if a cut says so. */
  meet(when: Cut["when"], entries: readonly NewEntry[], task: string): void {
    const cut = this.#cut;
    if (cut?.when !== when || !entries.some((entry) => cut.at(entry, task))) return;
    this.#cut = undefined;
    if (cut.how === "dies") this.die();
    else this.pause();
    cut.reached.resolve();
  }
}
