/**
 * Runs seeds, and says how a failing one is run again.
 *
 * SIMULATION_SEEDS: how many (default 20,000). SIMULATION_FROM: from which on. SIMULATION_SEED: this one only, with a
 * trace of what happened.
 */
import { assert, asyncProperty, check, property } from "fast-check";
import { plans, type Plan } from "./plan.ts";
import { breachesOf } from "./rules/rules.ts";
import { simulate, type Settings } from "./simulate.ts";

export interface Failure {
  readonly seed: number;
  readonly breaches: readonly string[];
}

/** Unbiased: the first draws of a property are small ones, and each seed is a first draw. */
const once = { numRuns: 1, unbiased: true };

/** The plan of a seed: always the same. */
export function planOf(seed: number): Plan {
  let plan: Plan | undefined;
  const drawing = property(plans, (drawn) => {
    plan = drawn;
  });
  assert(drawing, { seed, ...once });
  if (plan === undefined) throw new Error(`seed ${seed} has no plan`);
  return plan;
}

/** Runs a plan, and returns what it breached. */
export async function runPlan(plan: Plan, settings: Settings = {}): Promise<readonly string[]> {
  return breachesOf(await simulate(plan, settings));
}

/** Runs seeds until one fails. */
export async function firstFailure(
  seeds: Iterable<number>,
  settings: Settings = {},
): Promise<Failure | undefined> {
  const limit = Error.stackTraceLimit;
  // Thousands of expected errors are thrown, and nobody looks where.
  Error.stackTraceLimit = 0;
  try {
    for (const seed of seeds) {
      const breaches = await runPlan(planOf(seed), settings);
      if (breaches.length > 0) return { seed, breaches };
      // Whoever watches this process from outside gets a turn.
      if (seed % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return undefined;
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** The smallest plan that still fails, found by fast-check from a failing seed. */
export async function smallest(seed: number, settings: Settings = {}): Promise<Plan> {
  const holds = asyncProperty(plans, async (plan) => (await runPlan(plan, settings)).length === 0);
  const budget = { interruptAfterTimeLimit: 15_000, markInterruptAsFailure: false };
  const { counterexample } = await check(holds, { seed, ...once, ...budget });
  return counterexample?.[0] ?? planOf(seed);
}

/** What a person needs to know of a failing seed. */
export async function explain({ seed, breaches }: Failure): Promise<string> {
  return [
    `seed ${seed} fails:`,
    ...breaches.slice(0, 5).map((breach) => `  ${breach}`),
    `run it again with a trace: SIMULATION_SEED=${seed} npx vitest run tests/simulation`,
    `the smallest plan that fails: ${JSON.stringify(await smallest(seed))}`,
  ].join("\n");
}

const asNumber = (name: string): number | undefined => {
  const given = process.env[name];
  return given === undefined || given === "" ? undefined : Number(given);
};

/** The one seed that is asked for. */
export const oneSeed = asNumber("SIMULATION_SEED");
const count = asNumber("SIMULATION_SEEDS") ?? 20_000;
const from = asNumber("SIMULATION_FROM") ?? 0;

/** A share of the seeds: `part` of `parts`, in rounds, so that a test says how far it has come. */
export function rounds(part: number, parts: number, ofRounds: number): readonly (readonly number[])[] {
  const mine = Array.from({ length: count }, (_, at) => from + at).filter((seed) => seed % parts === part);
  const size = Math.ceil(mine.length / ofRounds);
  const all = Array.from({ length: ofRounds }, (_, round) => mine.slice(round * size, (round + 1) * size));
  return all.filter((seeds) => seeds.length > 0);
}
