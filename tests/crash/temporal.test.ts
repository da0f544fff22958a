/**
 * The same agent on Temporal, its workers killed with SIGKILL at random moments. The long version is
 * `npm run test:crash`. CRASH_SEED repeats the choice of the moments.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workflowBundle } from "../../packages/temporal/src/bundle.ts";
import * as redis from "../redis/server.ts";
import { skipped, startServer, startServerWithFile, type TestServer } from "../temporal/server.ts";
import { difference } from "../../packages/omniforge/src/testing/crash/check-run.ts";
import { record, sideBySide } from "../../packages/omniforge/src/testing/crash/kill-runs.ts";
import type { RunLeft } from "../../packages/omniforge/src/testing/crash/read-run.ts";
import { chooseSeed, seeded } from "../../packages/omniforge/src/testing/crash/seeded.ts";
import {
  anyKills,
  checked,
  manyKills,
  recordOnTemporal,
  runOnTemporal,
  temporalReport,
} from "./temporal-runs.ts";
import { inTurn, killed, restartServing, standStill } from "./temporal-storms.ts";
import { takeTurns, type Alternating } from "./temporal-waiting.ts";

/** Kills in one run, from its beginning to its end. */
const fewest = 10;

describe.skipIf(skipped !== "")(
  `a Temporal worker killed at any moment${skipped}`,
  { timeout: 300_000 },
  () => {
    let server: TestServer;
    let recording: RunLeft;
    beforeAll(async () => {
      server = await startServer();
      // Built once, not by the first worker of every run.
      await workflowBundle();
      recording = (await recordOnTemporal(server)).left;
    }, 60_000);
    afterAll(() => server.stop());

    it("leaves the log that the same agent leaves in process", async () => {
      const inProcess = await record(new URL("program/everything.ts", import.meta.url));
      const differences = recording.tasks.map(({ entries }, index) =>
        difference(entries, inProcess.left.tasks[index]?.entries ?? []),
      );
      expect(differences).toEqual([undefined, undefined]);
    });

    // Both mostly wait for the server to notice a death, so they wait together.
    it.concurrent("is followed by another, which goes on: nothing is lost, nothing finished is repeated", async () => {
      const seed = chooseSeed();
      const random = seeded(seed);
      const plans = [manyKills(random), anyKills(random)];
      const found = await sideBySide(plans, (workers) => runOnTemporal(server, { workers }, recording));
      console.log(`Temporal, random kills: ${temporalReport(found)}; CRASH_SEED=${seed}`);
      expect(found.flatMap(({ problems }) => problems)).toEqual([]);
      expect(Math.max(...found.map(({ kills }) => kills))).toBeGreaterThanOrEqual(fewest);
    });

    it.concurrent("may be dead while a person answers: the next one goes on with the answer, without that person", async () => {
      let course: Alternating | undefined;
      const { problems, kills } = await checked(server, recording, async (place, directory) => {
        course = await takeTurns(place, directory);
        return course;
      });
      expect(problems).toEqual([]);
      expect(course).toMatchObject({ answered: 2, stirred: [] });
      expect(kills).toBe(2);
    });

    it.concurrent("may be dead while a person answers and the server is killed: all goes on when they return", async (context) => {
      const folder = mkdtempSync(join(tmpdir(), "omniforge-away-"));
      const away = await startServerWithFile(join(folder, "temporal.db"));
      if (away === undefined) return context.skip("a given server is not ours to kill");
      const found = await checked(away, recording, (place, directory) =>
        takeTurns(place, directory, () => away.restart()),
      );
      await away.stop();
      rmSync(folder, { recursive: true, force: true });
      expect(found.problems).toEqual([]);
    });

    it.skipIf(redis.skippedOwn !== "").concurrent(
      `may die, and the server of the API and Redis too: a person who follows the task is told all of it${redis.skippedOwn}`,
      async () => {
        const events = await redis.startOwn();
        const where = { redis: events.address };
        const undisturbed = await recordOnTemporal(server, { serves: true }, where);
        const seed = chooseSeed();
        const random = seeded(seed);
        const restartRedis = inTurn(() => events.kill().then(() => events.start()));
        const plan = {
          serves: true,
          workers: anyKills(random).slice(0, 1),
          beside: killed(random, 3, restartServing, restartRedis),
        };
        const found = await runOnTemporal(server, plan, undisturbed.left, where);
        await events.stop();
        console.log(`Temporal, the API and Redis: ${temporalReport([found])}; CRASH_SEED=${seed}`);
        expect(found.problems).toEqual([]);
        expect(found.kills).toBeGreaterThan(0);
        expect(undisturbed.pieces).toBeGreaterThan(0);
      },
    );

    it.concurrent("may stand still until another has its work, and then go on as if nothing had been", async () => {
      const beside = standStill(seeded(chooseSeed()), 1);
      const plan = { workers: [], beside, stoodStill: true };
      const { problems, kills } = await runOnTemporal(server, plan, recording);
      expect(problems).toEqual([]);
      expect(kills).toBe(1);
    });
  },
);
