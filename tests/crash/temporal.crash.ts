/**
 * `npm run test:crash`, on Temporal: workers killed at random moments, the person's processes too. CRASH_SEED repeats the
 * choice of the moments, CRASH_KILLS says how many workers are to be killed at least.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workflowBundle } from "../../packages/temporal/src/bundle.ts";
import { skipped, startServer, type TestServer } from "../temporal/server.ts";
import { sideBySide } from "../../packages/omniforge/src/testing/crash/kill-runs.ts";
import type { RunLeft } from "../../packages/omniforge/src/testing/crash/read-run.ts";
import { chooseSeed, seeded } from "../../packages/omniforge/src/testing/crash/seeded.ts";
import {
  anyKills,
  manyKills,
  recordOnTemporal,
  runOnTemporal,
  temporalReport,
  type Disturbed,
  type Kills,
} from "./temporal-runs.ts";

const wanted = Number(process.env["CRASH_KILLS"] ?? 60);
const seed = chooseSeed();

describe.skipIf(skipped !== "")(
  `workers and people killed on Temporal${skipped}`,
  { timeout: 1_800_000 },
  () => {
    let server: TestServer;
    let recording: RunLeft;
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
        found.push(...(await sideBySide(plans, (plan) => runOnTemporal(server, plan, recording))));
        console.log(`Temporal, random kills: ${temporalReport(found)}; CRASH_SEED=${seed}`);
        expect(found.flatMap(({ problems }) => problems)).toEqual([]);
      }
    });
  },
);
