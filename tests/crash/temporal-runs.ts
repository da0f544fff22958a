/** Runs of the agent on Temporal, their workers killed one after another, each checked when it is over. */
import { setTimeout as sleep } from "node:timers/promises";
import { postgresStore } from "omniforge/store";
import { createPlace, type Place } from "../temporal/namespace.ts";
import type { TestServer } from "../temporal/server.ts";
import { isUnknown } from "../../packages/omniforge/src/testing/crash/check-executions.ts";
import { brokenPromises } from "../../packages/omniforge/src/testing/crash/check-run.ts";
import { readRun, type RunLeft } from "../../packages/omniforge/src/testing/crash/read-run.ts";
import { inFreshDirectory, type Exit } from "../../packages/omniforge/src/testing/crash/run-processes.ts";
import type { Random } from "../../packages/omniforge/src/testing/crash/seeded.ts";
import { startPerson, startWorkerProcess, type Worker } from "./temporal-processes.ts";

/** When a worker dies: at the n-th point that it passes, or this long after it began to do something. */
export type WorkerKill = { readonly nth: number } | { readonly afterMs: number };

/** What a kill cost, in milliseconds since it. */
export interface Recovery {
  /** Until the next worker polled. */
  readonly ready: number;
  /** Until the next worker did something for the task. */
  readonly active: number;
}

export interface Disturbed {
  readonly name: string;
  readonly kills: number;
  /** Whether an outcome was lost, and the log says so. */
  readonly unknown: boolean;
  readonly problems: readonly string[];
  readonly left: RunLeft;
  readonly recoveries: readonly Recovery[];
}

/** Longer than the slowest run of the longest test, and shorter than its time limit. */
const patienceMs = 240_000;

/** Fewer than make a step POISONED, even if all of them hit the same one. */
export const harmless = 6;

/** A run's kills, half of them at points and half by the clock, wherever they hit. */
export function anyKills(random: Random): readonly WorkerKill[] {
  return Array.from({ length: harmless }, () =>
    random.below(2) === 0 ? { nth: 1 + random.below(20) } : { afterMs: random.below(600) },
  );
}

/** Kills from a run's beginning to its end: each worker lives long enough to finish a step, so that none is POISONED. */
export function manyKills(random: Random): readonly WorkerKill[] {
  return Array.from({ length: 11 }, () => ({ nth: 9 + random.below(4) }));
}

/** An undisturbed run. Throws where even that breaks a promise. */
export async function recordOnTemporal(server: TestServer): Promise<RunLeft> {
  const { left, problems } = await runOnTemporal(server, { workers: [] });
  if (problems.length > 0) throw new Error(`undisturbed, the agent breaks promises: ${problems.join("; ")}`);
  return left;
}

/** Who is killed in a run, one after another. */
export interface Kills {
  readonly workers: readonly WorkerKill[];
  /** The person's processes, this long after their start; default: none. */
  readonly personsAfterMs?: readonly number[];
  /**
   * What is done beside to workers, servers and databases until the run is over; returns how often. Programs that end
   * because of it are started again, as a supervisor does.
   */
  readonly beside?: (run: Beside) => Promise<number>;
  /** Whether some of them only stand still. */
  readonly stoodStill?: boolean;
}

export interface Beside {
  readonly stop: AbortSignal;
  /** The worker that runs now. */
  readonly worker: () => Worker | undefined;
  /** Another worker, beside that one. */
  readonly another: () => Worker;
}

/** Runs the agent, kills as planned, and checks what is left. Without a recording, against itself. */
export function runOnTemporal(
  server: TestServer,
  plan: Kills,
  recording?: RunLeft,
  database?: string,
): Promise<Disturbed> {
  return checked(server, recording, (place, directory) => disturb(place, directory, plan), {
    ...(database !== undefined && { database }),
    ...(plan.stoodStill === true && { stoodStill: true }),
  });
}

export interface Course {
  readonly kills: number;
  readonly recoveries?: readonly Recovery[];
  /** How the person's process ended. */
  readonly person: Exit;
}

/** Lets a run take its course in a namespace and a folder of its own, and checks it. A failed run's folder is kept. */
export async function checked(
  server: TestServer,
  recording: RunLeft | undefined,
  run: (place: Place, directory: string) => Promise<Course>,
  { database, stoodStill = false }: { readonly database?: string; readonly stoodStill?: boolean } = {},
): Promise<Disturbed> {
  const place: Place = { ...(await createPlace(server)), ...(database !== undefined && { database }) };
  let found: Disturbed | undefined;
  await inFreshDirectory(async (directory) => {
    const { kills, recoveries = [], person } = await run(place, directory);
    const left = await readRun(directory, database === undefined ? undefined : await postgresStore(database));
    const broken = [
      ...(person.code === 0
        ? []
        : [`the person ended with ${person.signal ?? person.code}: ${person.stderr}`]),
      ...brokenPromises(left, { recording: recording ?? left, kills, indifferent: true, stoodStill }),
    ];
    const problems = broken.map((problem) => `${problem} [${directory}]`);
    const unknown = left.tasks.some(({ entries }) => entries.some(isUnknown));
    found = { name: place.namespace, kills, recoveries, left, problems, unknown };
    if (problems.length > 0) throw new Kept();
  }).catch((thrown: unknown) => {
    if (!(thrown instanceof Kept)) throw thrown;
  });
  if (found === undefined) throw new Error("the run was not checked");
  return found;
}

/** Keeps a failed run's folder. */
class Kept extends Error {}

async function disturb(place: Place, directory: string, plan: Kills): Promise<Course> {
  const stop = new AbortController();
  const patience = setTimeout(() => stop.abort(), patienceMs);
  const isSupervised = plan.beside !== undefined;
  const person = attended(place, directory, plan.personsAfterMs ?? [], stop.signal, isSupervised);
  const over = person.then(() => undefined);
  const recoveries: Promise<Recovery | undefined>[] = [];
  let running: Worker | undefined;
  const others: Worker[] = [];
  const another = (): Worker => {
    const worker = startWorkerProcess({ ...place, directory, process: 1_000 + others.length });
    others.push(worker);
    return worker;
  };
  const beside = plan.beside?.({ stop: stop.signal, worker: () => running, another }) ?? Promise.resolve(0);
  try {
    for (let process = 0, killedAt: number | undefined; ; process++) {
      const next = plan.workers[process];
      const kill = next !== undefined && "nth" in next ? next : undefined;
      const worker = startWorkerProcess({ ...place, directory, process, ...(kill && { kill }) });
      running = worker;
      if (killedAt !== undefined) recoveries.push(recovered(worker, killedAt));
      if (next !== undefined && "afterMs" in next) void killLater(worker, next.afterMs);
      const ended = await Promise.race([worker.exit, over]);
      if (ended === undefined) {
        stop.abort();
        for (const one of [worker, ...others]) await one.kill();
        const all = await Promise.all(recoveries);
        const kills = process + (await beside);
        return { kills, person: await person, recoveries: all.filter((one) => one !== undefined) };
      }
      if (ended.signal !== "SIGKILL" && !isSupervised)
        throw new Error(`a worker ended by itself: ${ended.stderr}`);
      killedAt = Date.now();
    }
  } finally {
    clearTimeout(patience);
    stop.abort();
    for (const one of others) await one.kill();
    await Promise.all([person, beside]);
  }
}

/** The person's processes until one has seen the task end; how the last one ended. */
async function attended(
  place: Place,
  directory: string,
  killsAfterMs: readonly number[],
  stop: AbortSignal,
  isSupervised: boolean,
): Promise<Exit> {
  for (let process = 0; ; process++) {
    const { child, exit } = startPerson({ ...place, directory });
    const abort = (): void => void child.kill("SIGABRT");
    stop.addEventListener("abort", abort);
    const delay = killsAfterMs[process];
    const timer = delay === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), delay);
    const ended = await exit;
    clearTimeout(timer);
    stop.removeEventListener("abort", abort);
    if (stop.aborted || ended.code === 0 || (ended.signal !== "SIGKILL" && !isSupervised)) return ended;
  }
}

async function killLater(worker: Worker, afterMs: number): Promise<void> {
  if ((await worker.active) === undefined) return;
  await sleep(afterMs);
  worker.child.kill("SIGKILL");
}

async function recovered(worker: Worker, killedAt: number): Promise<Recovery | undefined> {
  const [ready, active] = await Promise.all([worker.ready, worker.active]);
  if (ready === undefined || active === undefined) return undefined;
  return { ready: ready - killedAt, active: active - killedAt };
}

/** One line for whoever reads the output. */
export function temporalReport(runs: readonly Disturbed[]): string {
  const kills = runs.reduce((sum, one) => sum + one.kills, 0);
  const unknown = runs.filter((one) => one.unknown).length;
  const failed = runs.filter((one) => one.problems.length > 0).length;
  const recoveries = runs.flatMap((one) => one.recoveries);
  return (
    `${runs.length} runs, ${kills} kills, ${unknown} runs with an unknown outcome, ${failed} broke a promise; ` +
    `after a kill the next worker polled after ${spread(recoveries.map(({ ready }) => ready))} ms ` +
    `and went on after ${spread(recoveries.map(({ active }) => active))} ms (min/median/max)`
  );
}

export function spread(figures: readonly number[]): string {
  const sorted = figures.toSorted((one, other) => one - other);
  return [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].join("/");
}
