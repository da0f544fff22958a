/**
 * Points at which a process may be killed: it names them as it passes them, and dies exactly where it was told.
 *
 * They stand around what the engine is given (its store, blobs, tools and models) and nowhere in the product.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { Kill } from "./kill-plan.ts";

export interface Points {
  /** Performs something between the two passings of a point, or dies at one of them, or in between. */
  around<Value>(point: string, perform: () => Promise<Value>): Promise<Value>;
  begin(point: string): Passage;
}

/** A point that has been begun. */
export interface Passage {
  end(): void;
}

/** A passing of a point, as it stands in the file: when it began and ended, in milliseconds since the process began. */
export interface Passed {
  readonly point: string;
  readonly hit: number;
  readonly beganAt: number;
  readonly endedAt: number | undefined;
}

/** Every passing is written to `path`, whether anybody dies or not. */
export async function createPoints(path: string, plan: Kill | undefined): Promise<Points> {
  const hits = new Map<string, number>();
  const isDuring = plan !== undefined && "moment" in plan && plan.moment === "during";
  const killIn = isDuring ? await startKiller() : undefined;
  let passed = 0;
  const pass = (moment: "before" | "after", point: string, hit: number): void => {
    passed++;
    appendFileSync(path, `${JSON.stringify([moment, point, hit, performance.now()])}\n`);
    if (plan === undefined) return;
    if ("nth" in plan && !("systemCall" in plan) && plan.nth === passed) die();
    if (!("point" in plan) || plan.point !== point || plan.hit !== hit) return;
    if (plan.moment === moment) die();
    if (plan.moment !== "during") return;
    if (moment === "before") killIn?.(plan.afterMs);
    // It was quicker than when it was recorded: nothing more happens until the other thread comes.
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
  const points: Points = {
    begin(point) {
      const hit = (hits.get(point) ?? 0) + 1;
      hits.set(point, hit);
      pass("before", point, hit);
      return { end: () => pass("after", point, hit) };
    },
    async around(point, perform) {
      const passage = points.begin(point);
      const value = await perform();
      passage.end();
      return value;
    },
  };
  return points;
}

/** The kernel lets no instruction of this process follow. */
function die(): void {
  process.kill(process.pid, "SIGKILL");
}

/** A thread that kills the process: this one may be inside of a write, which nothing in it can interrupt. */
async function startKiller(): Promise<(afterMs: number) => void> {
  const shared = new SharedArrayBuffer(16);
  const state = new Int32Array(shared, 0, 2);
  const delay = new Float64Array(shared, 8, 1);
  const worker = new Worker(
    `const { workerData } = require("node:worker_threads");
     const state = new Int32Array(workerData, 0, 2), delay = new Float64Array(workerData, 8, 1);
     Atomics.wait(state, 0, 0);
     Atomics.wait(state, 1, 0, delay[0]);
     process.kill(process.pid, "SIGKILL");`,
    { eval: true, workerData: shared },
  );
  await new Promise((resolve) => worker.once("online", resolve));
  worker.unref();
  return (afterMs) => {
    delay[0] = afterMs;
    Atomics.store(state, 0, 1);
    Atomics.notify(state, 0);
  };
}

/** The passings of a process that has ended, in the order of their beginnings. */
export function readPoints(path: string): readonly Passed[] {
  const passed: Passed[] = [];
  for (const text of readFileSync(path, "utf8").split("\n").slice(0, -1)) {
    const [moment, point, hit, at] = JSON.parse(text) as [string, string, number, number];
    const index = passed.findIndex((one) => one.point === point && one.hit === hit);
    const begun = passed[index];
    if (moment === "before") passed.push({ point, hit, beganAt: at, endedAt: undefined });
    else if (begun !== undefined) passed[index] = { ...begun, endedAt: at };
  }
  return passed;
}
