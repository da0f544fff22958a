/**
 * Group commit: writes queue up, one transaction carries all that came since the last, and nobody hears "done" before it is
 * as durable as the level promises.
 *
 * Invariants: every transaction is `begin immediate`; one write's failure undoes that write alone; waiting for another
 * process never blocks the event loop (busy timeout 0, retried on a timer); a flush never runs in a microtask, so that
 * timers and cancels get their turn.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";

const maximumBatch = 128;

interface Write {
  readonly perform: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitOptions {
  /** What is told of an error that SQLite threw. */
  readonly failure: (error: unknown) => unknown;
  /** Called after each commit with how many writes it carried. */
  readonly committed: (writes: number) => void;
}

export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #options: GroupCommitOptions;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  #queue: Write[] = [];
  #scheduled = false;
  #held = false;
  /** A write of the next batch has failed before: each is undone alone. */
  #careful = false;

  constructor(database: DatabaseSync, options: GroupCommitOptions) {
    this.#database = database;
    this.#options = options;
    this.#begin = database.prepare("begin immediate");
    this.#commit = database.prepare("commit");
  }

  /** Performs a synchronous write in the next transaction, again should that be undone; resolves once it is durable. */
  write<T>(perform: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ perform, resolve: (value) => resolve(value as T), reject });
      this.#schedule(0);
    });
  }

  /** Writes nothing until it is released. */
  hold(): () => void {
    this.#held = true;
    return () => {
      this.#held = false;
      if (this.#queue.length > 0) this.#schedule(0);
    };
  }

  /** Resolves once nothing is left to be written. */
  async drained(): Promise<void> {
    while (this.#queue.length > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  #schedule(delayMs: number): void {
    if (this.#scheduled || this.#held) return;
    this.#scheduled = true;
    const flush = (): void => {
      this.#scheduled = false;
      this.#flush();
      if (this.#queue.length > 0) this.#schedule(0);
    };
    if (delayMs > 0) setTimeout(flush, delayMs);
    else setImmediate(flush);
  }

  #flush(): void {
    if (this.#queue.length === 0 || this.#held) return;
    try {
      this.#begin.run();
    } catch (error) {
      if (isBusy(error)) return this.#schedule(1 + Math.random() * 3);
      return this.#reject(this.#queue.splice(0), error);
    }
    const batch = this.#queue.splice(0, maximumBatch);
    const settle = this.#careful ? this.#performEach(batch) : this.#performAll(batch);
    if (settle === undefined) return;
    try {
      this.#commit.run();
    } catch (error) {
      this.#undo();
      return this.#reject(batch, error);
    }
    for (const done of settle) done();
    this.#options.committed(batch.length);
  }

  /** Without savepoints, which cost as much as what they guard: where one fails all are undone, and performed again with them. */
  #performAll(batch: readonly Write[]): (() => void)[] | undefined {
    try {
      return batch.map((write) => {
        const value = write.perform();
        return () => write.resolve(value);
      });
    } catch (error) {
      this.#undo();
      if (batch.length === 1) return this.#reject(batch, error);
      this.#careful = true;
      this.#queue.unshift(...batch);
      this.#flush();
      return undefined;
    }
  }

  #performEach(batch: readonly Write[]): (() => void)[] | undefined {
    this.#careful = false;
    const settle: (() => void)[] = [];
    for (const write of batch) {
      const done = this.#perform(write);
      // A full disk can undo the whole transaction: this write has failed, and the others are tried again.
      if (!this.#database.isTransaction) {
        this.#queue.unshift(...batch.filter((other) => other !== write));
        done();
        return undefined;
      }
      settle.push(done);
    }
    return settle;
  }

  /** One write inside the transaction, undone alone when it fails. */
  #perform(write: Write): () => void {
    this.#database.exec("savepoint one");
    try {
      const value = write.perform();
      this.#database.exec("release one");
      return () => write.resolve(value);
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("rollback to one; release one");
      return () => this.#reject([write], error);
    }
  }

  #undo(): void {
    if (this.#database.isTransaction) this.#database.exec("rollback");
  }

  #reject(writes: readonly Write[], error: unknown): undefined {
    for (const write of writes) write.reject(this.#options.failure(error));
  }
}

/** Whether another connection holds what is wanted. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === 5;
}
