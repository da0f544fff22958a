/** Runs seeds, and says how a failing one is run again. */
import fc from "fast-check";
import { plans, type Plan } from "./plan.ts";
import { breachesOf } from "./rules/rules.ts";
import { simulate, type Settings } from "./simulate.ts";

export interface Failure {
  readonly seed: number;
  readonly breaches: readonly string[];
  readonly plan: Plan;
}

/** The plan of a seed: always the same. */
export async function planOf(seed: number): Promise<Plan> {
  let plan: Plan | undefined;
  const property = fc.property(plans, (drawn) => {
    plan = drawn;
  });
  fc.assert(property, { seed, numRuns: 1 });
  if (plan === undefined) throw new Error(`seed ${seed} has no plan`);
  return plan;
}

/** Runs one seed. */
export async function runSeed(seed: number, settings: Settings = {}): Promise<Failure | undefined> {
  const plan = await planOf(seed);
  const breaches = await breachesOf(await simulate(plan, settings));
  return breaches.length === 0 ? undefined : { seed, breaches, plan };
}

/** Runs seeds until one fails. */
export async function firstFailure(from: number, count: number, settings: Settings = {}): Promise<Failure | undefined> {
  for (let seed = from; seed < from + count; seed++) {
    const failure = await runSeed(seed, settings);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** The smallest plan that still fails, found by fast-check from a failing seed. */
export async function smallest(seed: number, settings: Settings = {}): Promise<Plan | undefined> {
  const property = fc.asyncProperty(plans, async (plan) => (await breachesOf(await simulate(plan, settings))).length === 0);
  const { counterexample } = await fc.check(property, { seed, numRuns: 1, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false });
  return counterexample?.[0];
}
