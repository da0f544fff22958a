/**
 * One simulation: a plan, run to its end. First everything goes wrong that the plan says; then a healthy executor gets to
 * run; then people answer what is open. What must hold then, and what must hold on the way, is checked by the rules.
 */
import { memoryStore, type TaskStore } from "omniforge/store";
import { isTerminal } from "omniforge/protocol";
import { Draw } from "./draw.ts";
import { startIncarnation, timing, type Alter, type Incarnation } from "./incarnation.ts";
import { Ledger } from "./ledger.ts";
import { People, type Promised } from "./people.ts";
import { deeds, type Happening, type Plan } from "./plan.ts";
import { Schedule, settled, type Place } from "./schedule.ts";
import type { Surroundings } from "./simulated-tools.ts";
import { Watch, type WatchedTask } from "./watch.ts";

/** What is left to be judged. */
export interface Outcome {
  readonly tasks: ReadonlyMap<string, WatchedTask>;
  readonly store: TaskStore;
  readonly ledger: Ledger;
  readonly promised: readonly Promised[];
  readonly steps: number;
  /** Nothing was done to the executors, their store or their clock. */
  readonly calm: boolean;
}

export interface Settings {
  /** The store; a broken one must be found out. */
  readonly store?: () => TaskStore;
  readonly alter?: Alter;
  readonly trace?: string[];
}

const mostSteps = 8_000;
/** A process without the tool looks for it again and again: the healthy one must come some time. */
const mostMuddledSteps = 2_000;
/** Nothing more comes when nothing has come for so long: leases are over, sweeps were made. */
const restMs = timing.leaseMs + 2 * timing.beatMs + 2_500;

export async function simulate(plan: Plan, settings: Settings = {}): Promise<Outcome> {
  const simulation = new Simulation(plan, settings);
  return simulation.run();
}

class Simulation {
  readonly #plan: Plan;
  readonly #alter: Alter;
  readonly #draw: Draw;
  readonly #around: Surroundings;
  readonly #people: People;
  readonly #incarnations: Incarnation[] = [];
  readonly #performed = new Map<string, number>();
  #happenings: Happening[];
  #steps = 0;
  #tick = 0;
  #activeAt = 0;
  #healing = false;

  constructor(plan: Plan, { store = memoryStore, alter = (world) => world, trace }: Settings) {
    this.#plan = plan;
    this.#alter = alter;
    this.#happenings = [...plan.happenings];
    this.#draw = new Draw(plan.order);
    const watch = new Watch(store());
    const schedule = new Schedule(
      this.#draw,
      plan.disorder,
      (label, place) => this.#onPerformed(label, place),
      trace,
    );
    const { fenced } = plan;
    this.#around = {
      schedule,
      watch,
      fenced,
      specs: new Map(),
      owners: new Map(),
      fault: undefined,
      ledger: new Ledger(),
    };
    this.#people = new People(this.#around, plan, this.#draw, (tell) => {
      // A wake may be lost, and it may come twice.
      for (const { backend, state } of this.#incarnations) {
        const times = this.#draw.below(4) - 1;
        if (state === "runs" && backend !== undefined)
          for (let told = 0; told < times; told++) void tell(backend);
      }
    });
  }

  async run(): Promise<Outcome> {
    this.#people.submit();
    for (let count = this.#plan.incarnations; count > 0; count--) this.#start(false);
    await this.#muddle();
    await this.#heal();
    await this.#conclude();
    const { watch, ledger } = this.#around;
    const calm = this.#plan.happenings.every(({ what }) => deeds.some((deed) => deed === what));
    return {
      tasks: watch.tasks,
      store: watch.store,
      ledger,
      promised: this.#people.promised,
      steps: this.#steps,
      calm,
    };
  }

  /** Everything that the plan wants to go wrong goes wrong. */
  async #muddle(): Promise<void> {
    const { schedule } = this.#around;
    while ((await this.#next()) && this.#steps < mostMuddledSteps) {
      const due = this.#happenings.find(({ at }) => "step" in at && at.step <= this.#steps);
      if (due !== undefined) {
        this.#happen(due);
        continue;
      }
      if (this.#draw.chance(this.#plan.eagerness * 0.2)) this.#people.answerSomehow();
      if (schedule.step()) continue;
      // Nothing can happen but that time passes, or that somebody does something.
      const answers = this.#people.pending.length > 0 && this.#draw.chance(this.#plan.eagerness);
      if (answers) this.#people.answerSomehow();
      const steps = this.#happenings.filter(({ at }) => "step" in at);
      const next = steps.find(({ what }) => what !== "resume");
      if (next !== undefined && this.#draw.chance(0.4)) this.#happen(next);
      else if (this.#resting() || !schedule.pass()) {
        // Whoever was paused goes on after its lease, when its task has long had another executor.
        const [resume] = steps;
        if (resume === undefined) break;
        this.#happen(resume);
      }
    }
  }

  /** Whoever was paused goes on or dies, and somebody healthy runs, until nothing more comes. */
  async #heal(): Promise<void> {
    this.#healing = true;
    this.#happenings = [];
    this.#around.fault = undefined;
    for (const one of this.#incarnations) {
      if (one.state === "paused" && this.#draw.chance(0.7)) one.state = "runs";
      else if (one.state === "paused" || this.#draw.chance(0.3)) this.#kill(one);
    }
    this.#start(false);
    await this.#rest();
    for (const { row } of this.#around.watch.tasks.values()) {
      const waits = row.pending.length > 0 || this.#waitsForChild(row.task);
      if (!isTerminal(row.state) && !waits)
        this.#around.ledger.breach("stuck", `${row.task} rests as ${row.state} and waits for nobody`);
      const parent = row.parent === null ? undefined : this.#around.watch.tasks.get(row.parent);
      if (row.endedSeq === null && parent !== undefined && parent.row.endedSeq !== null)
        this.#around.ledger.breach("K6", `${row.task} rests as ${row.state} although its parent has ended`);
      const overdue = row.pending.find(
        ({ deadline }) => deadline !== undefined && deadline <= this.#around.schedule.now(),
      );
      if (row.endedSeq === null && overdue !== undefined)
        this.#around.ledger.breach("P1", `${row.task}: ${overdue.id} is overdue and has not expired`);
    }
  }

  #waitsForChild(task: string): boolean {
    return this.#around.watch.rows().some(({ parent, endedSeq }) => parent === task && endedSeq === null);
  }

  /** People answer whatever is open, until everything has ended. */
  async #conclude(): Promise<void> {
    for (let rounds = 0; rounds < 40; rounds++) {
      const open = this.#people.pending;
      if (open.length === 0) break;
      for (const { task, request } of open)
        this.#people.answer(task, request, request.kind === "limit" && rounds > 3);
      await this.#rest();
    }
    for (const { row } of this.#around.watch.tasks.values()) {
      if (row.endedSeq === null)
        this.#around.ledger.breach("stuck", `${row.task} never ends: it is ${row.state}`);
    }
  }

  async #rest(): Promise<void> {
    const { schedule } = this.#around;
    this.#activeAt = schedule.elapsed;
    while (await this.#next()) if (!schedule.step() && (this.#resting() || !schedule.pass())) return;
  }

  async #next(): Promise<boolean> {
    await settled();
    const { watch, schedule, ledger } = this.#around;
    if (watch.tick !== this.#tick) this.#activeAt = schedule.elapsed;
    this.#tick = watch.tick;
    this.#steps++;
    if (this.#steps < mostSteps) return true;
    if (this.#steps === mostSteps) ledger.breach("stuck", `no rest after ${mostSteps} steps`);
    return false;
  }

  #resting(): boolean {
    const { schedule, watch } = this.#around;
    if (schedule.busy || this.#people.busy > 0) return false;
    const over = watch.tasks.size > 0 && watch.rows().every(({ endedSeq }) => endedSeq !== null);
    return over || schedule.elapsed - this.#activeAt > restMs;
  }

  #onPerformed(label: string, place: Place): void {
    if (label === "commit cancel" && this.#people.passersBy.includes(place)) this.#kill(place);
    if (this.#healing) return;
    if (label === "commit reply") this.#people.awaitDeadlines();
    const nth = this.#performed.get(label) ?? 0;
    this.#performed.set(label, nth + 1);
    const due = this.#happenings.filter(({ at }) => "on" in at && at.on === label && at.nth === nth);
    for (const one of due) this.#happen(one, place);
  }

  #happen(happening: Happening, at?: Place): void {
    this.#happenings.splice(this.#happenings.indexOf(happening), 1);
    const running = this.#incarnations.filter(({ state }) => state === "runs");
    const one = running.find((place) => place === at) ?? this.#draw.pick(running);
    this.#around.schedule.trace?.push(`--- ${happening.what} ${one?.name ?? ""}`);
    switch (happening.what) {
      case "crash":
        if (one !== undefined) this.#kill(one);
        if (this.#draw.chance(0.9)) this.#start(false);
        return;
      case "pause":
        if (one !== undefined) one.state = "paused";
        if (this.#draw.chance(0.8)) this.#start(false);
        return;
      case "stop":
        if (one?.backend === undefined || one.stopping) return;
        one.stopping = true;
        // A store that fails while stopping leaves its tasks to whoever recovers them.
        one.backend.close().catch(() => undefined);
        return;
      case "resume": {
        const paused = this.#incarnations.find(({ state }) => state === "paused");
        if (paused !== undefined) paused.state = "runs";
        return;
      }
      case "start":
      case "start-bare":
        return this.#start(happening.what === "start-bare");
      case "forward":
        return this.#around.schedule.jump(this.#draw.pick([1_000, 10_000, 3_600_000]) ?? 0);
      case "backward":
        return this.#around.schedule.jump(-(this.#draw.pick([500, 5_000, 30_000]) ?? 0));
      case "store-fault":
        this.#around.fault = this.#draw.chance(0.5) ? "before" : "after";
        return;
      default:
        return this.#people.do(happening.what);
    }
  }

  #start(bare: boolean): void {
    const name = `p${this.#incarnations.length}`;
    this.#incarnations.push(startIncarnation(this.#around, this.#plan, { name, bare, alter: this.#alter }));
  }

  #kill(one: Place): void {
    one.state = "dead";
    this.#around.schedule.forget(one);
  }
}
