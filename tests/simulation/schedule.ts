/**
 * The virtual clock, and everything that is under way: store operations, model calls, tool calls and timers.
 *
 * Owns: which of them comes next, by chance from a seed. Nothing here waits for real time: `settled` lets what has been
 * resolved run until it asks for something again, and then one thing is chosen.
 *
 * Invariants: what a dead place asked for never resolves; what a paused one asked for resolves after it goes on; an
 * operation that has been performed may still be on its way back, and a crash in between loses only the answer.
 */
import type { Draw } from "./draw.ts";

/** Where code runs: a process that may be paused, and may die. */
export interface Place {
  readonly name: string;
  state: "runs" | "paused" | "dead";
  /** How long what it asks for may be on its way before anybody else hears of it. Milliseconds. */
  readonly lag?: number;
}

interface Operation {
  readonly place: Place;
  readonly label: string;
  readonly run: () => void;
}

interface Timer {
  readonly place: Place;
  readonly call: () => void;
  readonly every: number | undefined;
  at: number;
}

export interface Disorder {
  /** How often not the oldest operation comes next. */
  readonly overtaking: number;
  /** How often an answer stays on its way after its operation was performed. */
  readonly detours: number;
  /** How often time passes although something is under way. */
  readonly slowness: number;
}

/**
 * Resolves when everything that could go on has gone on: Node empties its microtasks before the next tick. Cheaper than a
 * turn of the event loop, which asks the kernel.
 */
export const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

export class Schedule {
  readonly #draw: Draw;
  readonly #disorder: Disorder;
  /** Called when an operation has been performed, before its answer is on its way. */
  readonly #performed: (label: string, place: Place) => void;
  #operations: Operation[] = [];
  #timers: Timer[] = [];
  #elapsed = 0;
  #epoch = 1_700_000_000_000;
  readonly trace: string[] | undefined;

  constructor(
    draw: Draw,
    disorder: Disorder,
    performed: (label: string, place: Place) => void,
    trace?: string[],
  ) {
    this.#draw = draw;
    this.#disorder = disorder;
    this.#performed = performed;
    this.trace = trace;
  }

  /** Time since the start, which never jumps: what timers run on. Milliseconds. */
  get elapsed(): number {
    return this.#elapsed;
  }

  /** The wall clock: epoch milliseconds. */
  now(): number {
    return this.#epoch + this.#elapsed;
  }

  /** Moves the wall clock, and no timer. */
  jump(ms: number): void {
    this.#epoch += ms;
  }

  /** Performs this at some time, and resolves at some later time, as far as the place lives to see it. */
  ask<T>(place: Place, label: string, perform: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = async (): Promise<void> => {
        const settle = await perform().then(
          (value) => () => resolve(value),
          (thrown: unknown) => () => reject(thrown instanceof Error ? thrown : new Error(String(thrown))),
        );
        this.#performed(label, place);
        if (place.state === "runs" && !this.#draw.chance(this.#disorder.detours)) settle();
        else if (place.state !== "dead")
          this.#operations.push({ place, label: `answer to ${label}`, run: settle });
      };
      const operation = { place, label, run: () => void run() };
      const { lag = 0 } = place;
      if (lag === 0 || this.#draw.chance(0.7)) this.#operations.push(operation);
      else this.after(place, this.#draw.below(lag), () => this.#operations.push(operation));
    });
  }

  /** Resolves after this time; rejects when the signal aborts first. */
  sleep(place: Place, ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const aborted = (): void =>
        reject(signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
      if (signal?.aborted === true) return aborted();
      const clear = this.after(place, ms, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      const abort = (): void => {
        clear();
        aborted();
      };
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  after(place: Place, ms: number, call: () => void): () => void {
    return this.#set({ place, call, every: undefined, at: this.#elapsed + Math.max(0, ms) });
  }

  every(place: Place, ms: number, call: () => void): () => void {
    return this.#set({ place, call, every: ms, at: this.#elapsed + ms });
  }

  soon(place: Place, call: () => void): void {
    this.#operations.push({ place, label: "soon", run: call });
  }

  /** The place is gone: nothing that it waits for will come. */
  forget(place: Place): void {
    this.#operations = this.#operations.filter((one) => one.place !== place);
    this.#timers = this.#timers.filter((one) => one.place !== place);
  }

  /** Something else than timers that only look is still to come. */
  get busy(): boolean {
    return (
      this.#operations.some((one) => one.place.state === "runs") ||
      this.#timers.some((one) => one.every === undefined && one.place.state === "runs")
    );
  }

  /** Lets one thing happen; false when only the passing of time could make something happen. */
  step(): boolean {
    this.#elapsed += this.#draw.below(3);
    const due = this.#earliest();
    const open = this.#operations.filter((one) => one.place.state === "runs");
    if (due !== undefined && due.at <= this.#elapsed && (open.length === 0 || this.#draw.chance(0.5))) {
      this.#fire(due);
      return true;
    }
    if (open.length > 0 && this.#draw.chance(this.#disorder.slowness) && this.pass()) return true;
    const at = this.#draw.chance(this.#disorder.overtaking) ? this.#draw.below(open.length) : 0;
    const operation = open[at];
    if (operation === undefined) return false;
    this.#operations.splice(this.#operations.indexOf(operation), 1);
    this.trace?.push(`${this.#elapsed} ${operation.place.name} ${operation.label}`);
    operation.run();
    return true;
  }

  /** Lets time pass until the next timer; false when there is none. */
  pass(): boolean {
    const next = this.#earliest();
    if (next === undefined) return false;
    this.#elapsed = Math.max(this.#elapsed, next.at);
    this.#fire(next);
    return true;
  }

  #earliest(): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.place.state === "runs" && (earliest === undefined || timer.at < earliest.at))
        earliest = timer;
    }
    return earliest;
  }

  #fire(timer: Timer): void {
    if (timer.every === undefined) this.#clear(timer);
    else timer.at = this.#elapsed + timer.every;
    this.trace?.push(
      `${this.#elapsed} ${timer.place.name} timer${timer.every === undefined ? "" : " again"}`,
    );
    timer.call();
  }

  #set(timer: Timer): () => void {
    this.#timers.push(timer);
    return () => this.#clear(timer);
  }

  #clear(timer: Timer): void {
    const at = this.#timers.indexOf(timer);
    if (at >= 0) this.#timers.splice(at, 1);
  }
}
