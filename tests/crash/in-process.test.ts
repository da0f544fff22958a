/**
 * kill -9 before, during and after the recorded points of a real process, in an order of the seed's and as many as fit
 * into the time. The long version is `npm run test:crash`. CRASH_SEED repeats an order.
 */
import { describe, expect, it } from "vitest";
import { testCrashes } from "omniforge/testing";
import { traced } from "./tracing.ts";

const program = new URL("program/everything.ts", import.meta.url);

describe("a process killed at any point of its run", { timeout: 300_000 }, () => {
  it("goes on where it stood: nothing is lost, nothing finished is repeated", async () => {
    const report = await testCrashes(program, { budgetMs: 28_000, atLeast: 16 });
    console.log(report.text);
    expect(report.broken).toEqual([]);
    expect(report.points).toBeGreaterThan(60);
    expect(report.kills).toBeGreaterThanOrEqual(16);
  });

  it.skipIf(traced.skipped !== "")(
    `goes on where it stood when it is killed as it writes or syncs a file${traced.skipped}`,
    async () => {
      const report = await testCrashes(program, {
        singles: 0,
        systemCalls: 24,
        budgetMs: 14_000,
        atLeast: 6,
      });
      console.log(report.text);
      expect(report.skipped).toBeUndefined();
      expect(report.broken).toEqual([]);
      expect(report.systemCalls).toBeGreaterThan(100);
      expect(report.kills).toBeGreaterThanOrEqual(6);
    },
  );
});
