/**
 * Writing the write-ahead log back into the database, in a thread of its own: SQLite itself would do it inside of some commit,
 * and hold up everything else for tens of milliseconds.
 *
 * First the bulk, and then what was written meanwhile, while tasks write on. At last the few pages that are left, while they
 * wait: only a log that has been written back whole begins anew, and one that never is grows without end. The event loop waits
 * for nothing of it.
 *
 * Owns the thread, which is started when it is first needed. Whether there is enough to be written back is looked at now and
 * then; a process that writes too little to look leaves it to SQLite (`lastResortPages`).
 */
import { once } from "node:events";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";

/** Pages of the log that are worth it, and writes between two looks. */
const enoughPages = 1_000;
const writesBetween = 128;
/** Pages for which tasks may be made to wait, and how often more than these are written back without. */
const fewPages = 200;
const passes = 4;
/** Pages at which SQLite writes back by itself, inside of a commit. */
export const lastResortPages = 8_000;

export interface CheckpointOptions {
  readonly path: string;
  /** How many pages have not been written back. */
  readonly pages: () => number;
  /** Holds back what is to be written until it is released. */
  readonly hold: () => () => void;
}

export class Checkpoints {
  readonly #options: CheckpointOptions;
  #thread: Worker | undefined;
  readonly #gone = new AbortController();
  #running: Promise<void> | undefined;
  #writes = 0;
  /** How many reasons there are to leave the log to others. */
  #hindrances = 0;

  constructor(options: CheckpointOptions) {
    this.#options = options;
  }

  /** To be told of every commit. */
  committed(writes: number): void {
    this.#writes += writes;
    if (this.#writes < writesBetween || this.#running !== undefined || this.#hindrances > 0) return;
    this.#writes = 0;
    if (this.#pages() < enoughPages) return;
    this.#running = this.#writeBack().finally(() => {
      this.#running = undefined;
    });
  }

  /** Leaves the log to somebody else meanwhile. */
  async without(work: () => Promise<void>): Promise<void> {
    this.#hindrances++;
    try {
      await this.#running;
      await work();
    } finally {
      this.#hindrances--;
    }
  }

  async close(): Promise<void> {
    this.#hindrances++;
    await this.#running;
    await this.#thread?.terminate();
  }

  /** What can't be told is told by the next commit, which fails, too. */
  #pages(): number {
    try {
      return this.#options.pages();
    } catch {
      return 0;
    }
  }

  async #writeBack(): Promise<void> {
    try {
      for (let pass = 0; pass < passes && (pass === 0 || this.#pages() >= fewPages); pass++)
        await this.#checkpoint();
      const release = this.#options.hold();
      try {
        await this.#checkpoint();
      } finally {
        release();
      }
    } catch {
      // No thread, or none any more: for good, SQLite does it then.
      this.#hindrances++;
    }
  }

  async #checkpoint(): Promise<void> {
    const thread = (this.#thread ??= this.#start());
    // What is held back must not be lost because nothing else keeps the process alive.
    thread.ref();
    try {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      thread.postMessage("checkpoint");
      await once(thread, "message", { signal: this.#gone.signal });
    } finally {
      thread.unref();
    }
  }

  #start(): Worker {
    const file = new URL(`./checkpoint-worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url);
    const thread = new Worker(file, { argv: [this.#options.path] });
    const gone = (): void => this.#gone.abort();
    return thread.on("error", gone).on("exit", gone);
  }
}
