/**
 * One who follows a task: its log from any seq on, gap-free, in order and without a repetition, with what is being said
 * meanwhile, until the task ends.
 *
 * Owns: what has been delivered. An announced entry is taken where it is the very next one; in every other case the log is
 * read, so that a lost announcement costs time and a doubled one nothing (W4).
 *
 * Invariants
 * 1. Who takes no more is given no more: nothing is kept for it, because the log and the running text are kept anyway.
 * 2. Entries are in order within a task; a sub-agent's follow the entry that opened it.
 * 3. Following never touches a task.
 */
import type { Entry } from "../protocol/entry.ts";
import { OmniForgeError } from "../protocol/error.ts";
import type { TaskEvent } from "../protocol/event.ts";
import type { TaskReference } from "../protocol/task.ts";
import type { LiveStep } from "./live-text.ts";
import { isLive, LiveView, type LiveEvent } from "./live-view.ts";
import type { Listener, Watch } from "./watch.ts";

/** Where events go. */
export interface Sink {
  /** False: no more until `resume` is called. */
  entry(task: string, entry: Entry): boolean;
  /** False as above; what is being said comes whole once there is room. */
  live(event: LiveEvent): boolean;
  /** Nothing follows: the task has ended, or is not there. */
  end(): void;
  fail(thrown: unknown): void;
}

export interface FollowerOptions {
  /** By task, the seq above which entries are wanted: the followed task's own, and those of sub-agents known by now. */
  readonly after: ReadonlyMap<string, number>;
  /** So many sub-agents' events too. Default none. */
  readonly descendants?: number;
}

const entriesAtOnce = 64;

export class Follower implements Listener {
  readonly tenant: string;
  readonly #watch: Watch;
  readonly #root: string;
  readonly #sink: Sink;
  readonly #maximumTasks: number;
  readonly #view = new LiveView();
  readonly #live = (task: string): readonly LiveStep[] => this.#watch.live({ tenant: this.tenant, task });
  readonly #seen: Map<string, number>;
  readonly #behind = new Set<string>();
  #reading = false;
  #paused = false;
  #ending = false;
  #closed = false;

  constructor(watch: Watch, root: TaskReference, sink: Sink, { after, descendants = 0 }: FollowerOptions) {
    this.tenant = root.tenant;
    this.#watch = watch;
    this.#root = root.task;
    this.#sink = sink;
    this.#maximumTasks = 1 + descendants;
    this.#seen = new Map([[root.task, 0], ...after]);
  }

  /** By task, the last entry that was delivered. */
  get seen(): ReadonlyMap<string, number> {
    return this.#seen;
  }

  /** Begins. Listens before it reads, so that nothing falls between the two. */
  start(): void {
    for (const task of this.#seen.keys()) {
      this.#watch.add(task, this);
      this.#behind.add(task);
    }
    void this.#read(true);
  }

  /** The sink takes events again. */
  resume(): void {
    this.#paused = false;
    void this.#read(false);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const task of this.#seen.keys()) this.#watch.remove(task, this);
  }

  hear(event: TaskEvent): void {
    if (this.#closed) return;
    const isCurrent = !this.#reading && !this.#paused && this.#behind.size === 0;
    if (isLive(event)) {
      if (isCurrent) this.#tell(this.#view.next(event, this.#live));
      return;
    }
    const seen = this.#seen.get(event.task) ?? 0;
    if (event.entry.seq <= seen) return;
    if (isCurrent && event.entry.seq === seen + 1) {
      this.#deliver(event.task, event.entry);
      if (this.#behind.size === 0 && !this.#ending) return;
    } else this.#behind.add(event.task);
    void this.#read(false);
  }

  grown(task: string, headSeq: number): void {
    if (this.#closed || headSeq <= (this.#seen.get(task) ?? 0)) return;
    this.#behind.add(task);
    void this.#read(false);
  }

  /** Reads until nothing is left, then tells what is being said. One at a time. */
  async #read(first: boolean): Promise<void> {
    if (this.#reading || this.#paused || this.#closed) return;
    this.#reading = true;
    try {
      // From the beginning there is nothing to be looked at: it is read, and nothing is there where there is no task.
      const known = this.#seen.get(this.#root) ?? 0;
      if (first && known > 0 && !(await this.#look())) return this.#end();
      while (this.#behind.size > 0 && this.#mayGoOn()) {
        for (const task of this.#behind) {
          if (!this.#mayGoOn()) break;
          await this.#readTask(task);
        }
        if (first && this.#mayGoOn() && this.#seen.get(this.#root) === 0) return this.#end();
      }
    } catch (thrown) {
      if (this.#closed) return;
      this.close();
      return this.#sink.fail(thrown);
    } finally {
      this.#reading = false;
    }
    if (!this.#mayGoOn()) return;
    if (this.#ending) return this.#end();
    for (const task of this.#seen.keys()) this.#tell(this.#view.resync(task, this.#live(task)));
  }

  /** All of it, also when the sink is full meanwhile: it counts as told. */
  #tell(events: readonly LiveEvent[]): void {
    for (const event of events) if (!this.#sink.live(event)) this.#paused = true;
  }

  /** Whether there is a task, and what has been seen of it can be. */
  async #look(): Promise<boolean> {
    const row = await this.#watch.store.row({ tenant: this.tenant, task: this.#root });
    if (row === undefined) return false;
    const seen = this.#seen.get(this.#root) ?? 0;
    if (seen > row.headSeq)
      throw new OmniForgeError(
        "INVALID_INPUT",
        `the log of task ${row.task} has ${row.headSeq} entries: there is nothing after ${seen}`,
      );
    if (row.endedSeq !== null && seen >= row.endedSeq) this.#ending = true;
    return true;
  }

  async #readTask(task: string): Promise<void> {
    this.#behind.delete(task);
    const reference = { tenant: this.tenant, task };
    const page = await this.#watch.store.read(reference, this.#seen.get(task) ?? 0, entriesAtOnce);
    for (const entry of page) {
      if (!this.#mayGoOn()) break;
      this.#deliver(task, entry);
    }
    if (page.length === entriesAtOnce || !this.#mayGoOn()) this.#behind.add(task);
  }

  #mayGoOn(): boolean {
    return !this.#closed && !this.#paused;
  }

  #deliver(task: string, entry: Entry): void {
    this.#seen.set(task, entry.seq);
    this.#view.supersede(task, entry);
    if (entry.kind === "child" && this.#seen.size < this.#maximumTasks && !this.#seen.has(entry.body.task)) {
      this.#seen.set(entry.body.task, 0);
      this.#behind.add(entry.body.task);
      this.#watch.add(entry.body.task, this);
    }
    if (task === this.#root && entry.kind === "ended") {
      this.#ending = true;
      // What its sub-agents said last belongs before the end.
      for (const other of this.#seen.keys()) if (other !== task) this.#behind.add(other);
    }
    if (!this.#sink.entry(task, entry)) this.#paused = true;
  }

  #end(): void {
    this.close();
    this.#sink.end();
  }
}
