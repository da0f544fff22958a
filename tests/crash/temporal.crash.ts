/**
 * `npm run test:crash`, on Temporal: workers killed before and after every recorded point, and at random moments, the
 * person's processes too. CRASH_SEED repeats the choice of the moments, CRASH_KILLS says how many workers are to be killed
 * at random at least.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workflowBundle } from "../../packages/temporal/src/bundle.ts";
import { skipped, startServer, type TestServer } from "../temporal/server.ts";
import { sideBySide } from "../../packages/omniforge/src/testing/crash/kill-runs.ts";
import { chooseSeed, seeded } from "../../packages/omniforge/src/testing/crash/seeded.ts";
import {
  anyKills,
  harmless,
  manyKills,
  recordOnTemporal,
  runOnTemporal,
  temporalReport,
  type Disturbed,
  type Kills,
  type WorkerKill,
} from "./temporal-runs.ts";

const wanted = Number(process.env["CRASH_KILLS"] ?? 60);
const seed = chooseSeed();

describe.skipIf(skipped !== "")(
  `workers and people killed on Temporal${skipped}`,
  { timeout: 1_800_000 },
  () => {
    let server: TestServer;
    let recording: Disturbed;
    beforeAll(async () => {
      server = await startServer();
      await workflowBundle();
      recording = await recordOnTemporal(server);
    }, 60_000);
    afterAll(() => server.stop());

    it("lose nothing, and repeat nothing that was finished", async () => {
      const random = seeded(seed);
      const found: Disturbed[] = [];
      const killed = (): number => found.reduce((sum, { kills }) => sum + kills, 0);
      while (killed() < wanted) {
        const plans: Kills[] = [
          { workers: manyKills(random) },
          { workers: anyKills(random) },
          // A person's process takes about a second to begin.
          { workers: anyKills(random), personsAfterMs: [1, 2, 3, 4].map(() => 500 + random.below(3_000)) },
        ];
        found.push(...(await sideBySide(plans, (plan) => runOnTemporal(server, plan, recording.left))));
        console.log(`Temporal, random kills: ${temporalReport(found)}; CRASH_SEED=${seed}`);
        expect(found.flatMap(({ problems }) => problems)).toEqual([]);
      }
    });

    it("lose nothing at any point of a run", async () => {
      const points = recording.passed.flatMap(({ point, hit }): WorkerKill[] => [
        { point, hit, moment: "before" },
        { point, hit, moment: "after" },
      ]);
      const found: Disturbed[] = [];
      let open: readonly WorkerKill[] = points;
      for (let before = Infinity; open.length > 0 && open.length < before;) {
        before = open.length;
        const died = new Set<WorkerKill>();
        await sideBySide(spreadOut(open), async (workers) => {
          const run = await runOnTemporal(server, { workers }, recording.left);
          for (const kill of workers.slice(0, run.kills)) died.add(kill);
          found.push(run);
          console.log(`Temporal, every point: ${temporalReport(found)}; ${before - died.size} to go`);
        });
        expect(found.flatMap(({ problems }) => problems)).toEqual([]);
        open = open.filter((kill) => !died.has(kill));
      }
      console.log(`Temporal, every point: ${points.length - open.length} of ${points.length} were died at`);
      // Some depend on the moment: who looked first whether a task had been forgotten, say.
      expect(open.length).toBeLessThanOrEqual(points.length / 5);
    });
  },
);

/**
 * Plans that between them die at each point once. Those of one plan lie far apart, in the order of the run: a worker passes
 * the next one after the last has died, and no step is died in often.
 */
function spreadOut(points: readonly WorkerKill[]): readonly (readonly WorkerKill[])[] {
  const count = Math.ceil(points.length / harmless);
  return Array.from({ length: count }, (_, first) =>
    points.filter((_point, index) => index % count === first),
  );
}
