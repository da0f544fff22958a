/** The tests of a share of the seeds. Two files share them, so that two cores do. */
import { expect, test } from "vitest";
import { explain, firstFailure, oneSeed, planOf, rounds } from "./seeds.ts";
import { breachesOf } from "./rules/rules.ts";
import { simulate } from "./simulate.ts";

export function claimSeeds(part: number, parts: number): void {
  if (oneSeed !== undefined) {
    if (part === 0) claimOne(oneSeed);
    else test("the other half runs one seed, too", () => expect(oneSeed).toBeDefined());
    return;
  }
  for (const seeds of rounds(part, parts, 10)) {
    const name = `holds every invariant in ${seeds.length} simulations from seed ${seeds[0]}`;
    test(name, { timeout: 300_000 }, async () => {
      const failure = await firstFailure(seeds);
      expect(failure === undefined ? "no seed fails" : await explain(failure)).toBe("no seed fails");
    });
  }
}

function claimOne(seed: number): void {
  test(`holds every invariant in the simulation of seed ${seed}`, { timeout: 60_000 }, async () => {
    const trace: string[] = [];
    const outcome = await simulate(planOf(seed), { trace });
    const breaches = await breachesOf(outcome);
    const logs = [...outcome.tasks].flatMap(([task, { log }]) =>
      log.map((entry) => `${task} ${JSON.stringify(entry)}`),
    );
    if (breaches.length > 0) process.stdout.write(`${[...trace, ...logs].join("\n")}\n`);
    expect(breaches).toEqual([]);
  });
}
