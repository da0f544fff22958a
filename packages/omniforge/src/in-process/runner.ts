/**
 * Which tasks run in this process, and when.
 *
 * Owns: taking tasks that may run, their abort signals, parking, the heartbeat, and noticing what other processes did.
 * What may run is asked of the store: a wake that is lost costs time, never work.
 *
 * Invariants: a task runs under one fence at a time; a task that is suspended has no step running; a graceful stop counts
 * no death.
 */
import { runAgent } from "../loop/run-agent.ts";
import type { TaskReference } from "../protocol/task.ts";
import { runsAlone } from "../steps/retry.ts";
import { createRoom, type Room } from "../steps/room.ts";
import type { StepWorld } from "../steps/step.ts";
import { deathsOf, stepsInFlight, viewTurn } from "../steps/turn-view.ts";
import type { LoneStep, Owner, TaskRow } from "../store/task-store.ts";
import { FairShares } from "./fair-shares.ts";
import { BlockWatch } from "./block-watch.ts";
import { ClockWatch, lookAgain } from "./clock-watch.ts";
import { inProcessEffects, type Park } from "./effects.ts";
import { Lacking, lookMs } from "./lacking.ts";
import { recover } from "./recovery.ts";
import { SignsOfLife } from "./signs-of-life.ts";
import type { Timers } from "./timers.ts";

export interface RunnerOptions {
  /** Steps that run at once. */
  readonly slots: number;
  /** Tasks held in memory at once; beyond them each tenant may have its share of the slots. */
  readonly tasks: number;
  /** How often other processes' writes are looked for. */
  readonly pollMs: number;
  readonly beatMs: number;
  readonly leaseMs: number;
  /** How long a graceful stop waits for running steps before it aborts them. */
  readonly stopGraceMs: number;
  readonly onError: (error: unknown) => void;
  /** Real time, except in a simulation. */
  readonly timers: Timers;
}

interface ActiveTask {
  readonly reference: TaskReference;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/** What threw is tried again after this time: the store, or the interpreter, had a fault. */
const faultDelayMs = 2_000;

export class Runner {
  readonly #world: StepWorld;
  readonly #options: RunnerOptions;
  readonly #owner: string;
  readonly #room: Room;
  readonly #shares: FairShares;
  #watch: BlockWatch;
  readonly #clock: ClockWatch;
  readonly #signs: SignsOfLife;
  readonly #lacking: Lacking;
  readonly #active = new Map<string, ActiveTask>();
  #clear: (() => void)[] = [];
  #clearDue: (() => void) | undefined;
  #clearFault: (() => void) | undefined;
  #alone: LoneStep | undefined;
  #version = -1;
  /** Steady milliseconds. */
  #beatAt = 0;
  #pumping: Promise<void> | undefined;
  #again = false;
  #recovering = false;
  /** Whether another process was seen beside this one at the last look for the dead. */
  #hasOthers = false;
  #stopping = false;
  /** Whether the store, or the interpreter, has thrown since what is ours by name only was last looked for. */
  #hasFailed = false;

  constructor(world: StepWorld, options: RunnerOptions) {
    this.#world = world;
    this.#options = options;
    this.#watch = new BlockWatch(options.beatMs);
    this.#owner = `process_${process.pid}_${world.nonce()}`;
    this.#room = createRoom(options.slots);
    this.#shares = new FairShares(options.tasks, options.slots);
    const { elapsed } = options.timers;
    this.#clock = new ClockWatch(world.now, elapsed);
    this.#signs = new SignsOfLife(options.leaseMs, elapsed);
    this.#lacking = new Lacking(elapsed, ({ code, name }) =>
      code === "TOOL_NOT_HERE" ? world.tools.get(name) !== undefined : world.models.has(name),
    );
  }

  async start(): Promise<void> {
    const { pollMs, beatMs, timers } = this.#options;
    await this.#beat();
    await this.#recover();
    this.#watch = new BlockWatch(beatMs);
    // Timers that only look don't keep a process alive; running steps do.
    this.#clear = [
      timers.every(pollMs, () => this.#guard(this.#look())),
      timers.every(beatMs, () => this.#guard(this.#tick())),
      timers.every(beatMs, () => this.#watch.look()),
    ];
    this.pump();
    this.#guard(this.#lookAgain("stale"));
  }

  /** Looks for tasks that may run; calls within one turn of the event loop are one look. */
  pump(): void {
    this.#again = true;
    this.#pumping ??= new Promise<void>((resolve) => this.#options.timers.soon(resolve))
      .then(() => this.#takeAll())
      .catch((thrown: unknown) => this.#fault(thrown))
      .finally(() => {
        this.#pumping = undefined;
        if (this.#again) this.pump();
      });
  }

  /** Looks again later: at once would ask a store that refuses everything all the time, never would lose a wake. */
  #fault(thrown: unknown): void {
    this.#hasFailed = true;
    this.#options.onError(thrown);
    this.#clearFault?.();
    this.#clearFault = this.#options.timers.after(faultDelayMs, () => this.pump());
  }

  abort({ task }: TaskReference): void {
    this.#active.get(task)?.abort.abort(new Error("the task was cancelled"));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const { timers, stopGraceMs, beatMs } = this.#options;
    for (const clear of this.#clear) clear();
    this.#clearDue?.();
    await this.#pumping;
    const running = Promise.all([...this.#active.values()].map(({ ended }) => ended));
    const clearPatience = timers.after(stopGraceMs, () => {
      for (const { abort } of this.#active.values()) abort.abort(new Error("the process is stopping"));
    });
    const clearBeat = timers.every(beatMs, () => this.#guard(this.#beat()));
    await running;
    clearPatience();
    clearBeat();
    this.#clearFault?.();
    await this.#world.store.executions.retire(this.#owner);
  }

  async #takeAll(): Promise<void> {
    const { executions } = this.#world.store;
    while (this.#again && !this.#stopping) {
      this.#again = false;
      const { wanted, held } = this.#shares;
      const runnable = await executions.runnable(this.#world.now(), wanted + this.#lacking.size, held);
      // A process that was idle for a while may count as dead: it says that it lives before it takes anything.
      if (runnable.length > 0 && this.#elapsed() - this.#beatAt >= this.#options.beatMs) await this.#beat();
      let left = false;
      for (const reference of runnable) {
        if (this.#active.has(reference.task)) continue;
        const leaves = await this.#lacking.leaves(reference.task, () => this.#world.store.row(reference));
        left ||= leaves;
        if (!leaves && this.#shares.admits(reference.tenant)) this.#launch(reference);
      }
      await this.#scheduleDue(left);
    }
    this.#again &&= !this.#stopping;
  }

  /** `left`: something is due that is left to others, and hides what falls due after it. */
  async #scheduleDue(left: boolean): Promise<void> {
    this.#clearDue?.();
    // Where there is no room, what is due waits for a task that ends, and that one looks again.
    if (this.#active.size >= this.#options.tasks) return;
    const due = await this.#world.store.executions.nextDue();
    if (due === undefined || this.#stopping) return;
    const delay = Math.min(Math.max(left ? lookMs : 0, due - this.#world.now()), 60_000);
    this.#clearDue = this.#options.timers.after(delay, () => this.pump());
  }

  #launch(reference: TaskReference): void {
    const abort = new AbortController();
    const over = (): void => {
      this.#active.delete(reference.task);
      this.#shares.leave(reference.tenant);
    };
    this.#shares.take(reference.tenant);
    const ended = this.#run(reference, abort.signal)
      .finally(over)
      .then(
        () => this.pump(),
        (thrown: unknown) => this.#fault(thrown),
      );
    this.#active.set(reference.task, { reference, abort, ended });
  }

  async #run(reference: TaskReference, signal: AbortSignal): Promise<void> {
    const { executions } = this.#world.store;
    const row = await executions.acquire(reference, this.#owner);
    if (row === undefined) return;
    let park: Park | undefined;
    try {
      const { tenant, task } = reference;
      const attempt = { tenant, task, fence: row.fence, signal };
      const fx = inProcessEffects({
        world: this.#world,
        attempt,
        room: this.#room,
        suspects: await this.#suspects(row),
        noted: (key, step) => this.#note({ task, key }, step),
        watch: this.#watch,
        wakes: row.wakes,
        shouldYield: () => this.#stopping,
        park: (reason) => {
          park = reason;
        },
      });
      await runAgent(fx, { turn: Math.max(1, row.turn), loopVersion: row.loopVersion });
    } catch (thrown) {
      park = { wakes: row.wakes, nextAt: this.#world.now() + faultDelayMs };
      throw thrown;
    } finally {
      this.#world.transcripts.evict(row);
      this.#lacking.ran(row, park?.lack);
      await executions.release(reference, row.fence, park);
    }
  }

  async #suspects(row: TaskRow): Promise<ReadonlySet<string>> {
    const read = await this.#world.store.turn(row);
    if (read === undefined) return new Set();
    const view = viewTurn(read);
    return new Set(stepsInFlight(view).filter((key) => runsAlone(deathsOf(view, key))));
  }

  /** Cancels of tasks that run here, their parents' included; and whatever other processes wrote. */
  async #look(): Promise<void> {
    const { store } = this.#world;
    if (this.#active.size > 0)
      for (const reference of await store.executions.cancelling(this.#owner)) this.abort(reference);
    // Only beside others: a process that is alone has nobody to take over from, and asks nobody.
    if (this.#hasOthers) await this.#recover();
    const version = store.version();
    if (version === this.#version) return;
    this.#version = version;
    this.pump();
  }

  async #tick(): Promise<void> {
    this.#lacking.forget();
    const jumped = this.#clock.jumped();
    // Forward: what is due now must not wait for a timer that was set before.
    if (jumped > 0) this.pump();
    if (jumped < 0) await this.#lookAgain("all");
    if (this.#active.size > 0) await this.#beat();
    await this.#recover();
    if (this.#hasFailed) await this.#releaseLeftovers();
  }

  /** A task whose release failed (a full disk, say) is ours by name only. */
  async #releaseLeftovers(): Promise<void> {
    const { executions } = this.#world.store;
    this.#hasFailed = false;
    try {
      for (const row of await executions.ownedBy(this.#owner))
        if (!this.#active.has(row.task)) await executions.release(row, row.fence);
    } catch (thrown) {
      this.#hasFailed = true;
      throw thrown;
    }
  }

  async #beat(): Promise<void> {
    const elapsed = this.#elapsed();
    await this.#world.store.executions.beat(this.#owner, this.#world.now(), this.#alone);
    this.#beatAt = elapsed;
  }

  async #lookAgain(which: "all" | "stale"): Promise<void> {
    if (await lookAgain(this.#world, which)) this.pump();
  }

  #elapsed(): number {
    return this.#options.timers.elapsed();
  }

  async #note<Value>(alone: LoneStep, step: () => Promise<Value>): Promise<Value> {
    this.#alone = alone;
    try {
      await this.#beat();
      return await step();
    } finally {
      this.#alone = undefined;
      await this.#beat();
    }
  }

  async #recover(): Promise<void> {
    if (this.#recovering) return;
    this.#recovering = true;
    try {
      const deadOf = (owners: readonly Owner[]): readonly Owner[] => {
        this.#hasOthers = owners.some(({ owner }) => owner !== this.#owner);
        return this.#signs.dead(owners);
      };
      if (await recover(this.#world, this.#owner, deadOf)) this.pump();
    } finally {
      this.#recovering = false;
    }
  }

  #guard(work: Promise<void>): void {
    work.catch(this.#options.onError);
  }
}
