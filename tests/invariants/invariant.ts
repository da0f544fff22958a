/**
 * How an invariant is tested: one scenario, which must hold in a sound world, and whose check must fail in a world with a
 * flaw that breaks the invariant. A check that can't fail proves nothing.
 */
import { describe, expect, it } from "vitest";
import { openWorld, type Flaw, type Setting, type World } from "./world.ts";

/** What a scenario is given. */
export interface Stage {
  readonly open: (setting: Setting) => World;
  readonly expect: typeof expect;
}

type Scenario = (stage: Stage) => Promise<void>;

async function play(scenario: Scenario, flaw: Flaw): Promise<void> {
  const worlds: World[] = [];
  try {
    const open = (setting: Setting): World => {
      const world = openWorld(setting, flaw);
      worlds.push(world);
      return world;
    };
    await scenario({ open, expect });
  } finally {
    for (const world of worlds) await world.close();
  }
}

/** The claim, and each flaw that it must notice, by what the flaw is. */
export function invariant(claim: string, flaws: Readonly<Record<string, Flaw>>, scenario: Scenario): void {
  describe(`${claim}:`, () => {
    it("holds", async () => {
      expect(await play(scenario, {})).toBeUndefined();
    });
    it.each(Object.entries(flaws))("is noticed not to hold when %s", async (_what, flaw) => {
      await expect(play(scenario, flaw)).rejects.toMatchObject({ name: "AssertionError" });
    });
  });
}
