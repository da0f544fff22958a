/** The tests of a share of the seeds. Two files have one half each, so that two cores run them. */
import { expect, test } from "vitest";
import { breachesOf } from "./rules/rules.ts";
import { explain, firstFailure, oneSeed, planOf, rounds } from "./seeds.ts";
import { simulate } from "./simulate.ts";

/** One test for each round of seeds; where one seed is asked for, that one only. */
export function claimSeeds(part: number, parts: number): void {
  const asked = oneSeed === undefined ? rounds(part, parts, 10) : [[oneSeed]];
  test.each(asked.map((seeds) => ({ seeds, count: seeds.length, first: seeds[0] })))(
    "holds every invariant in $count simulations from seed $first",
    { timeout: 300_000 },
    async ({ seeds }) => {
      const failure = await firstFailure(seeds);
      const shown = failure === undefined ? "" : await explain(failure);
      if (failure?.seed === oneSeed && oneSeed !== undefined) await show(oneSeed);
      expect(shown).toBe("");
    },
  );
}

/** Everything that happened in one simulation. */
async function show(seed: number): Promise<void> {
  const trace: string[] = [];
  const outcome = await simulate(planOf(seed), { trace });
  const logs = [...outcome.tasks].flatMap(([task, { log }]) =>
    log.map((entry) => `${task} ${JSON.stringify(entry)}`),
  );
  process.stdout.write([...trace, ...logs, ...(await breachesOf(outcome)), ""].join("\n"));
}
