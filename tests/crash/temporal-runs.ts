/** Runs of the agent on Temporal, their workers killed one after another, each checked when it is over. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { postgresStore } from "omniforge/store";
import { createPlace, type Place } from "../temporal/namespace.ts";
import type { TestServer } from "../temporal/server.ts";
import { isUnknown } from "../../packages/omniforge/src/testing/crash/check-executions.ts";
import { brokenPromises } from "../../packages/omniforge/src/testing/crash/check-run.ts";
import { pointsFile, root } from "../../packages/omniforge/src/testing/crash/child-options.ts";
import type { Kill } from "../../packages/omniforge/src/testing/crash/kill-plan.ts";
import { readPoints, type Passed } from "../../packages/omniforge/src/testing/crash/points.ts";
import { readRun, type RunLeft } from "../../packages/omniforge/src/testing/crash/read-run.ts";
import { inFreshDirectory, type Exit } from "../../packages/omniforge/src/testing/crash/run-processes.ts";
import type { Random } from "../../packages/omniforge/src/testing/crash/seeded.ts";
import { piecesFile } from "./program/temporal-options.ts";
import {
  startCaller,
  startPerson,
  startWorkerProcess,
  type Running,
  type Worker,
} from "./temporal-processes.ts";
import { startServing, type Serving } from "./temporal-serving.ts";

/** When a worker dies: at a point that it passes, or this long after it began to do something. */
export type WorkerKill =
  | { readonly nth: number }
  | { readonly afterMs: number }
  | Extract<Kill, { readonly moment: "before" | "after" }>;

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
  /** The points that the first worker passed. */
  readonly passed: readonly Passed[];
  /** Pieces of running text that the person heard from a server. */
  readonly pieces: number;
  readonly recoveries: readonly Recovery[];
  /** What programs said that ended without being killed. */
  readonly ownEnds: readonly string[];
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

/** What a program says that ended because what it needs was away. */
const isOutage = /ENGINE_UNREACHABLE|STORE_UNREACHABLE|no Temporal server answers/;

/** Where a run's tasks are kept and its events pass; default: a file, and nowhere. */
export type Where = Pick<Place, "database" | "redis">;

/** An undisturbed run. Throws where even that breaks a promise. */
export async function recordOnTemporal(
  server: TestServer,
  plan: Pick<Kills, "serves"> = {},
  where?: Where,
): Promise<Disturbed> {
  const run = await runOnTemporal(server, { ...plan, workers: [] }, undefined, where);
  if (run.problems.length > 0)
    throw new Error(`undisturbed, the agent breaks promises: ${run.problems.join("; ")}`);
  return run;
}

/** Who is killed in a run, one after another. */
export interface Kills {
  readonly workers: readonly WorkerKill[];
  /** The person's processes, this long after their start; default: none. */
  readonly personsAfterMs?: readonly number[];
  /** The person goes through `omniforge serve` and follows the task there; default: they have the library. */
  readonly serves?: boolean;
  /** What is done beside to workers, servers and databases until the run is over; returns how often. */
  readonly beside?: (run: Beside) => Promise<number>;
  /** Whether programs may end because of that: then they are started again, as a supervisor does. */
  readonly mayEnd?: boolean;
  /** Whether some of them only stand still. */
  readonly stoodStill?: boolean;
}

export interface Beside {
  readonly stop: AbortSignal;
  /** The worker that runs now. */
  readonly worker: () => Worker | undefined;
  /** Another worker, beside that one. */
  readonly another: () => Worker;
  /** What the person goes through. */
  readonly serving: Serving | undefined;
}

/** Runs the agent, kills as planned, and checks what is left. Without a recording, against itself. */
export function runOnTemporal(
  server: TestServer,
  plan: Kills,
  recording?: RunLeft,
  where: Where = {},
): Promise<Disturbed> {
  return checked(server, recording, (place, directory) => disturb(place, directory, plan), {
    ...where,
    ...(plan.stoodStill === true && { stoodStill: true }),
  });
}

export interface Course {
  readonly kills: number;
  readonly recoveries?: readonly Recovery[];
  readonly ownEnds?: readonly string[];
  /** How the person's process ended. */
  readonly person: Exit;
}

/** Lets a run take its course in a namespace and a folder of its own, and checks it. A failed run's folder is kept. */
export async function checked(
  server: TestServer,
  recording: RunLeft | undefined,
  run: (place: Place, directory: string) => Promise<Course>,
  { stoodStill = false, ...where }: Where & { readonly stoodStill?: boolean } = {},
): Promise<Disturbed> {
  const place: Place = { ...(await createPlace(server)), ...where };
  const { database } = place;
  let found: Disturbed | undefined;
  await inFreshDirectory(async (directory) => {
    const { kills, recoveries = [], ownEnds = [], person } = await run(place, directory);
    const store = database === undefined ? undefined : await postgresStore(database);
    const left = underItsName(await readRun(directory, store));
    const broken = [
      ...(person.code === 0
        ? []
        : [`the person ended with ${person.signal ?? person.code}: ${person.stderr}`]),
      ...brokenPromises(left, { recording: recording ?? left, kills, indifferent: true, stoodStill }),
    ];
    const problems = broken.map((problem) => `${problem} [${directory}]`);
    const unknown = left.tasks.some(({ entries }) => entries.some(isUnknown));
    const [points, heard] = [pointsFile(0), piecesFile].map((name) => join(directory, name));
    found = {
      name: place.namespace,
      kills,
      recoveries,
      ownEnds,
      left,
      problems,
      unknown,
      passed: points !== undefined && existsSync(points) ? readPoints(points) : [],
      pieces: heard !== undefined && existsSync(heard) ? Number(readFileSync(heard, "utf8")) : 0,
    };
    if (problems.length > 0) throw new Kept();
  }).catch((thrown: unknown) => {
    if (!(thrown instanceof Kept)) throw thrown;
  });
  if (found === undefined) throw new Error("the run was not checked");
  return found;
}

/** The same run as if its task had the name that every run's has: a server draws another one. */
function underItsName(left: RunLeft): RunLeft {
  const drawn = left.tasks.find(({ row }) => row.depth === 0)?.row.task ?? root.task;
  return JSON.parse(JSON.stringify(left).replaceAll(drawn, root.task)) as RunLeft;
}

/** Keeps a failed run's folder. */
class Kept extends Error {}

async function disturb(place: Place, directory: string, plan: Kills): Promise<Course> {
  const stop = new AbortController();
  const patience = setTimeout(() => stop.abort(), patienceMs);
  const { mayEnd = false } = plan;
  const ownEnds: string[] = [];
  const serving = plan.serves === true ? await startServing(place, directory) : undefined;
  // A client of a server is told when to come back; it ends by itself only where it was told something wrong.
  const startOne = (): Running =>
    serving === undefined
      ? startPerson({ ...place, directory })
      : startCaller({ directory, url: serving.url });
  const person = attended(startOne, {
    killsAfterMs: plan.personsAfterMs ?? [],
    stop: stop.signal,
    ownEnds: mayEnd && serving === undefined ? ownEnds : undefined,
  });
  const over = person.then(() => undefined);
  const recoveries: Promise<Recovery | undefined>[] = [];
  let running: Worker | undefined;
  const others: Worker[] = [];
  const another = (): Worker => {
    const worker = startWorkerProcess({ ...place, directory, process: 1_000 + others.length });
    others.push(worker);
    void worker.exit.then(({ signal, stderr }) => {
      if (signal !== "SIGKILL") ownEnds.push(`worker beside: ${stderr}`);
    });
    return worker;
  };
  const beside =
    plan.beside?.({ stop: stop.signal, worker: () => running, another, serving }) ?? Promise.resolve(0);
  try {
    for (let process = 0, killedAt: number | undefined; ; process++) {
      const next = plan.workers[process];
      const kill = next !== undefined && "afterMs" in next ? undefined : next;
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
        ownEnds.push(...(serving?.ownEnds ?? []));
        const unexpected = ownEnds.find((said) => !mayEnd || !isOutage.test(said));
        if (unexpected !== undefined) throw new Error(`a program ended by itself: ${unexpected}`);
        return { kills, person: await person, recoveries: all.filter((one) => one !== undefined), ownEnds };
      }
      if (ended.signal !== "SIGKILL") {
        if (!mayEnd) throw new Error(`a worker ended by itself: ${ended.stderr}`);
        ownEnds.push(`worker: ${ended.stderr}`);
      }
      killedAt = Date.now();
    }
  } finally {
    clearTimeout(patience);
    stop.abort();
    for (const one of others) await one.kill();
    await serving?.stop();
    await Promise.all([person, beside]);
  }
}

/** The person's processes until one has seen the task end; how the last one ended. */
async function attended(
  startOne: () => Running,
  {
    killsAfterMs,
    stop,
    ownEnds,
  }: {
    readonly killsAfterMs: readonly number[];
    readonly stop: AbortSignal;
    /** Where it is noted that one ended by itself; without it, that is how the person ended. */
    readonly ownEnds: string[] | undefined;
  },
): Promise<Exit> {
  for (let process = 0; ; process++) {
    const { child, exit } = startOne();
    const abort = (): void => void child.kill("SIGABRT");
    stop.addEventListener("abort", abort);
    const delay = killsAfterMs[process];
    const timer = delay === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), delay);
    const ended = await exit;
    clearTimeout(timer);
    stop.removeEventListener("abort", abort);
    if (stop.aborted || ended.code === 0) return ended;
    if (ended.signal === "SIGKILL") continue;
    if (ownEnds === undefined) return ended;
    ownEnds.push(`person: ${ended.stderr}`);
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
  const ownEnds = runs.flatMap((one) => one.ownEnds);
  return (
    `${runs.length} runs, ${kills} kills, ${unknown} runs with an unknown outcome, ${failed} broke a promise; ` +
    `after a kill the next worker polled after ${spread(recoveries.map(({ ready }) => ready))} ms ` +
    `and went on after ${spread(recoveries.map(({ active }) => active))} ms (min/median/max)` +
    (ownEnds.length === 0
      ? ""
      : `; ${ownEnds.length} ended by themselves: ${ownEnds.map(whyEnded).join("; ")}`)
  );
}

/** The line that says why, among what else stands in its standard error. */
function whyEnded(said: string): string {
  const lines = said.trim().split("\n");
  return lines.find((line) => isOutage.test(line)) ?? lines[0] ?? "";
}

export function spread(figures: readonly number[]): string {
  const sorted = figures.toSorted((one, other) => one - other);
  return [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].join("/");
}
