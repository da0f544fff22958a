/**
 * `npm run test:crash`: kill -9 at every recorded point, at every point of a recovery, twice and thrice in a row, and from
 * outside at random times. CRASH_SEED repeats what a seed chose.
 */
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { killAt, killed, record, reportOf, twoAtATime, type Killed, type Recording } from "./kill-runs.ts";
import { inFreshDirectory, passedPoints, runProgram } from "./run-program.ts";
import { chooseSeed, seeded } from "./seeded.ts";
import type { KillPlan } from "./program/points.ts";

const seed = chooseSeed();
const storms = 60;

/** The points that only a restarted process passes: recovery, and what it does before it runs on. */
function recoveryPoints(
  recording: Recording,
  first: KillPlan,
): Promise<readonly Extract<KillPlan, { point: string }>[]> {
  return inFreshDirectory(async (directory) => {
    await runProgram({ directory, plans: [first] });
    const known = new Set(recording.points.map(({ point, hit }) => `${hit} ${point}`));
    const passed = passedPoints(directory, 1);
    const fresh = passed.findIndex(({ point }) => point.startsWith("before acquire"));
    return passed.filter(({ point, hit }, index) => index < fresh || !known.has(`${hit} ${point}`));
  });
}

/** Prints what the runs came to; the promises they broke. */
function problemsOf(recording: Recording, what: string, runs: readonly Killed[]): readonly string[] {
  console.log(`${what}: ${reportOf(recording, runs)}; CRASH_SEED=${seed}`);
  return runs.flatMap(({ problems }) => problems);
}

describe("a process killed again and again", { timeout: 1_800_000 }, () => {
  it.each(["power", "process"] as const)(
    "goes on after a kill at every point, with durability %s",
    async (durability) => {
      const recording = await record();
      const runs = await twoAtATime(recording.points, (point) => killAt(recording, [point], { durability }));
      expect(problemsOf(recording, `every point, ${durability}`, runs)).toEqual([]);
      expect(runs.filter(({ kills }) => kills === 0)).toEqual([]);
    },
  );

  it("goes on after a kill at every point of its recovery", async () => {
    const recording = await record();
    const first = { point: "inside pay, after its effect", hit: 1 };
    const points = await recoveryPoints(recording, first);
    expect(points.map(({ point }) => point)).toContain("before evict crash");
    expect(
      problemsOf(
        recording,
        `every one of ${points.length} points of a recovery`,
        await twoAtATime(points, (point) => killAt(recording, [first, point])),
      ),
    ).toEqual([]);
  });

  it("goes on after a second and a third kill soon after each point's", async () => {
    const recording = await record();
    const random = seeded(seed);
    const plans = recording.points.map((point) => [
      point,
      { nth: 1 + random.below(24) },
      { nth: 1 + random.below(24) },
    ]);
    expect(
      problemsOf(recording, "kills in a row", await twoAtATime(plans, (plan) => killAt(recording, plan))),
    ).toEqual([]);
  });

  it("goes on after kills from outside at random times, with people who answer at any moment", async () => {
    const recording = await record();
    const random = seeded(seed);
    const times = Array.from({ length: storms }, () =>
      Array.from({ length: 4 }, () => 150 + random.below(350)),
    );
    const runs = await twoAtATime(times, (delays) =>
      killed(recording, `after ${delays.join(", ")} ms`, {
        eager: true,
        onStart(child, process) {
          const delay = delays[process];
          if (delay !== undefined) void setTimeout(delay).then(() => child.kill("SIGKILL"));
        },
      }),
    );
    expect(problemsOf(recording, "random times", runs)).toEqual([]);
  });
});
