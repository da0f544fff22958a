/**
 * `npm run test:crash`, on Temporal: not only workers die. They stand still until others have their work and then go on; the
 * server of the engine and the database are killed and come back; persons die all the while. CRASH_KILLS: of each kind.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { workflowBundle } from "../../packages/temporal/src/bundle.ts";
import { sideBySide } from "../../packages/omniforge/src/testing/crash/kill-runs.ts";
import { chooseSeed, seeded, type Random } from "../../packages/omniforge/src/testing/crash/seeded.ts";
import * as postgres from "../postgres/server.ts";
import { skipped, startServer, startServerWithFile, type TestServer } from "../temporal/server.ts";
import {
  anyKills,
  recordOnTemporal,
  runOnTemporal,
  temporalReport,
  type Disturbed,
  type Kills,
} from "./temporal-runs.ts";
import { killed, standStill } from "./temporal-storms.ts";

const wanted = Number(process.env["CRASH_KILLS"] ?? 60);
const seed = chooseSeed();
const missing = `${skipped}${postgres.skipped}`;

interface Storm {
  readonly server: TestServer;
  readonly what: string;
  readonly plan: (random: Random) => Kills;
  /** Where its tasks are kept; default: a file. */
  readonly database?: () => string;
}

describe.skipIf(missing !== "")(`storms over Temporal${missing}`, { timeout: 1_800_000 }, () => {
  it("workers that stand still and come back lose nothing and repeat nothing", async () => {
    const server = await startServer();
    onTestFinished(() => server.stop());
    expect(
      await outlive({
        server,
        what: "standing still",
        plan: (random) => ({ workers: [], beside: standStill(random, 3), stoodStill: true }),
      }),
    ).toEqual([]);
  });

  it("a server that is killed loses nothing, workers killed meanwhile", async (context) => {
    const folder = mkdtempSync(join(tmpdir(), "omniforge-storm-"));
    const server = await startServerWithFile(join(folder, "temporal.db"));
    if (server === undefined) return context.skip("a given server is not ours to kill");
    onTestFinished(async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    const restart = (): Promise<void> => server.restart();
    const plan = (random: Random): Kills => ({
      workers: anyKills(random).slice(0, 3),
      personsAfterMs: [500 + random.below(3_000)],
      beside: killed(random, 3, restart),
    });
    expect(await outlive({ server, what: "the server", plan })).toEqual([]);
  });

  it("a database that is killed loses nothing, workers killed meanwhile", async (context) => {
    const [server, database] = await Promise.all([startServer(), postgres.startPostgres()]);
    onTestFinished(async () => {
      await server.stop();
      await database.stop();
    });
    const { kill, start } = database;
    if (kill === undefined || start === undefined)
      return context.skip("a given database is not ours to kill");
    const restart = async (): Promise<void> => {
      await kill();
      await start();
    };
    const plan = (random: Random): Kills => ({
      workers: anyKills(random).slice(0, 3),
      beside: killed(random, 3, restart),
    });
    expect(await outlive({ server, what: "the database", plan, database: () => database.fresh() })).toEqual(
      [],
    );
  });
});

/** The promises that were broken, by the first runs that broke any. */
async function outlive({ server, what, plan, database }: Storm): Promise<readonly string[]> {
  await workflowBundle();
  const random = seeded(seed);
  const recording = await recordOnTemporal(server);
  const found: Disturbed[] = [];
  const kills = (): number => found.reduce((sum, one) => sum + one.kills, 0);
  const broken = (): readonly string[] => found.flatMap(({ problems }) => problems);
  while (kills() < wanted && broken().length === 0) {
    const plans = [plan(random), plan(random)];
    found.push(...(await sideBySide(plans, (one) => runOnTemporal(server, one, recording, database?.()))));
    console.log(`Temporal, ${what}: ${temporalReport(found)}; CRASH_SEED=${seed}`);
  }
  return broken();
}
