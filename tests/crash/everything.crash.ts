/**
 * `npm run test:crash`: kill -9 before, during and after every recorded point, at pairs of points, at every point of a
 * recovery, three times in a row, at writes and syncs of the operating system, and from outside at random times.
 * CRASH_SEED repeats what a seed chose.
 */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { testCrashes, type CrashOptions, type CrashReport, type Kill } from "omniforge/testing";
import { pointsFile } from "../../packages/omniforge/src/testing/crash/child-options.ts";
import { readPoints } from "../../packages/omniforge/src/testing/crash/points.ts";
import { inFreshDirectory, runProcesses } from "../../packages/omniforge/src/testing/crash/run-processes.ts";
import { chooseSeed, seeded } from "../../packages/omniforge/src/testing/crash/seeded.ts";
import { traced } from "./tracing.ts";

const program = new URL("program/everything.ts", import.meta.url);
const seed = chooseSeed();
const random = seeded(seed);
const storms = 60;
const rows = 80;

/** Prints what the runs came to, and expects that nothing was broken. */
async function unbroken(what: string, options: CrashOptions): Promise<CrashReport> {
  const report = await testCrashes(program, { seed, onBroken: console.error, ...options });
  console.log(`${what}: ${report.text}`);
  expect(report.broken).toEqual([]);
  expect(report.runs).toBe(report.planned);
  // Some points depend on the moment: whether a task is parked between two answers, say.
  expect(report.missed).toBeLessThanOrEqual(report.planned / 5);
  return report;
}

/** The points that only a restarted process passes: recovery, and what it does before it runs on. */
function recoveryPoints(first: Kill): Promise<readonly Kill[]> {
  return inFreshDirectory(async (directory) => {
    await runProcesses({ program: program.href, directory, kills: [first] });
    const known = new Set(
      readPoints(join(directory, pointsFile(0))).map(({ point, hit }) => `${hit} ${point}`),
    );
    const passed = readPoints(join(directory, pointsFile(1)));
    const fresh = passed.findIndex(({ point }) => point.startsWith("acquire"));
    return passed
      .filter(({ point, hit }, index) => index < fresh || !known.has(`${hit} ${point}`))
      .flatMap(({ point, hit }): Kill[] => [
        { point, hit, moment: "before" },
        { point, hit, moment: "after" },
      ]);
  });
}

describe("a process killed again and again", { timeout: 3_600_000 }, () => {
  it("goes on after a kill before, during and after every point", async () => {
    const { kills } = await unbroken("every point", {});
    expect(kills).toBeGreaterThan(170);
  });

  it("goes on after a kill at every point with every commit synced", async () => {
    const { kills } = await unbroken("every point, power-safe", {
      durability: "power",
      moments: ["during", "after"],
    });
    expect(kills).toBeGreaterThan(110);
  });

  it("goes on after kills at 500 pairs of points", async () => {
    const { kills } = await unbroken("pairs", { singles: 0, pairs: 500 });
    expect(kills).toBeGreaterThan(600);
  });

  it("goes on after a kill at every point of its recovery", async () => {
    const first: Kill = { point: "effect pay crash/1/tool/2", hit: 1, moment: "after" };
    const points = await recoveryPoints(first);
    expect(points).toContainEqual({ point: "evict crash", hit: 1, moment: "before" });
    await unbroken("every point of a recovery", { plans: points.map((point) => [first, point]) });
  });

  it("goes on after three kills in a row", async () => {
    const nth = (limit: number): Kill => ({ nth: 1 + random.below(limit) });
    const plans = Array.from({ length: rows }, () => [nth(120), nth(24), nth(24)]);
    const { kills } = await unbroken("three in a row", { plans });
    expect(kills).toBeGreaterThan(rows);
  });

  it.skipIf(traced.skipped !== "")(
    `goes on after a kill at a write or sync of the operating system${traced.skipped}`,
    async () => {
      const { systemCalls, skipped } = await unbroken("system calls", { singles: 0, systemCalls: 250 });
      expect(skipped).toBeUndefined();
      expect(systemCalls).toBeGreaterThan(250);
      await unbroken("system calls, power-safe", { singles: 0, systemCalls: 100, durability: "power" });
    },
  );

  it("goes on after kills from outside at random times, with people who answer at any moment", async () => {
    const plans = Array.from({ length: storms }, () =>
      Array.from({ length: 4 }, () => ({ afterMs: 150 + random.below(650) })),
    );
    const { kills } = await unbroken("random times", { plans, eager: true });
    expect(kills).toBeGreaterThan(0);
  });
});
