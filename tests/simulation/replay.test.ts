import { describe, expect, test } from "vitest";
import { mutants } from "./mutants.ts";
import { explain, firstFailure, planOf, runPlan } from "./seeds.ts";
import { simulate } from "./simulate.ts";

const hundred = Array.from({ length: 100 }, (_, seed) => seed);

describe("a seed", () => {
  test("has the same plan each time", () => {
    for (const seed of hundred) expect(planOf(seed)).toEqual(planOf(seed));
  });

  test("runs the same each time, to the last step and the last entry", async () => {
    for (const seed of hundred) {
      const [one, other] = [[], []] satisfies [string[], string[]];
      const first = await simulate(planOf(seed), { trace: one });
      const again = await simulate(planOf(seed), { trace: other });
      expect(other).toEqual(one);
      expect([...again.tasks].map(([task, { log }]) => [task, log])).toEqual(
        [...first.tasks].map(([task, { log }]) => [task, log]),
      );
    }
  });

  test("that fails fails again, and says how to run it and what its smallest plan is", async () => {
    const [mutant] = mutants;
    const failure = await firstFailure(hundred, mutant?.settings);
    expect(failure).toBeDefined();
    if (failure === undefined || mutant === undefined) return;
    expect(await runPlan(planOf(failure.seed), mutant.settings)).toEqual(failure.breaches);
    const said = await explain(failure);
    expect(said).toContain(`SIMULATION_SEED=${failure.seed} npx vitest run tests/simulation`);
    expect(said).toContain('"agents":');
  });
});
