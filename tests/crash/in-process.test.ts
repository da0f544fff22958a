/**
 * kill -9 at the recorded points of a real process, once each, in an order of the seed's and as many as fit into the time:
 * all of them on two idle cores. The long version is `npm run test:crash`. CRASH_SEED repeats an order.
 */
import { describe, expect, it } from "vitest";
import { killAt, record, reportOf, twoAtATime } from "./kill-runs.ts";
import { chooseSeed, seeded, shuffled } from "./seeded.ts";

const budgetMs = 50_000;
/** Fewer would show nothing, however slow the machine. */
const fewest = 40;

describe("a process killed at any point of its run", { timeout: 300_000 }, () => {
  it("goes on where it stood: nothing is lost, nothing finished is repeated", async () => {
    const until = Date.now() + budgetMs;
    const seed = chooseSeed();
    const recording = await record();
    const points = shuffled(recording.points, seeded(seed));
    const sure = await twoAtATime(points.slice(0, fewest), (point) => killAt(recording, [point]));
    const more = await twoAtATime(points.slice(fewest), (point) => killAt(recording, [point]), until);
    const runs = [...sure, ...more];
    console.log(`${reportOf(recording, runs)}; CRASH_SEED=${seed}`);
    expect(runs.flatMap(({ problems }) => problems)).toEqual([]);
    expect(runs.filter(({ kills }) => kills === 0).map(({ name }) => name)).toEqual([]);
  });
});
