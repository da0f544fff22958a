/**
 * `npm run test:crash`, on Temporal: not only workers die. They stand still until others have their work and then go on; the
 * server of the engine, the database, Redis and the server of the API are killed and come back, one of them or all together,
 * while a person who follows the task is told all of it. CRASH_KILLS: of each kind.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { workflowBundle } from "../../packages/temporal/src/bundle.ts";
import { sideBySide } from "../../packages/omniforge/src/testing/crash/kill-runs.ts";
import { chooseSeed, seeded, type Random } from "../../packages/omniforge/src/testing/crash/seeded.ts";
import * as postgres from "../postgres/server.ts";
import * as redis from "../redis/server.ts";
import { skipped, startServer, startServerWithFile, type TestServer } from "../temporal/server.ts";
import {
  anyKills,
  recordOnTemporal,
  runOnTemporal,
  temporalReport,
  type Disturbed,
  type Kills,
  type Where,
} from "./temporal-runs.ts";
import { inTurn, killed, restartServing, standStill, type Restart } from "./temporal-storms.ts";

const wanted = Number(process.env["CRASH_KILLS"] ?? 60);
const seed = chooseSeed();
const missing = `${skipped}${postgres.skipped}${redis.skippedOwn}`;

interface Storm {
  readonly server: TestServer;
  readonly what: string;
  readonly plan: (random: Random) => Kills;
  /** Of each run; default: a file. */
  readonly where?: () => Where;
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
    const restart = inTurn(() => server.restart());
    const plan = (random: Random): Kills => ({
      workers: anyKills(random).slice(0, 3),
      personsAfterMs: [500 + random.below(3_000)],
      beside: killed(random, 3, restart),
      mayEnd: true,
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
    const restart = inTurn(() => kill().then(start));
    const plan = (random: Random): Kills => ({
      workers: anyKills(random).slice(0, 3),
      beside: killed(random, 3, restart),
      mayEnd: true,
    });
    const where = (): Where => ({ database: database.fresh() });
    expect(await outlive({ server, what: "the database", plan, where })).toEqual([]);
  });

  it("Redis that is killed costs whoever follows nothing, workers killed meanwhile", async (context) => {
    const stage = await openCompany();
    if (stage === undefined) return context.skip(given);
    const plan = (random: Random): Kills => ({
      serves: true,
      workers: anyKills(random).slice(0, 2),
      beside: killed(random, 4, stage.restartRedis),
    });
    expect(await outlive({ ...stage, what: "Redis", plan })).toEqual([]);
  });

  it("a server of the API that is killed loses nothing that it took, and does nothing twice", async (context) => {
    const stage = await openCompany();
    if (stage === undefined) return context.skip(given);
    const plan = (random: Random): Kills => ({
      serves: true,
      workers: anyKills(random).slice(0, 1),
      personsAfterMs: [500 + random.below(3_000)],
      beside: killed(random, 4, restartServing),
    });
    expect(await outlive({ ...stage, what: "the API", plan })).toEqual([]);
  });

  it("all of them killed, one after another and together, lose nothing", async (context) => {
    const stage = await openCompany();
    if (stage === undefined) return context.skip(given);
    const { restartRedis, restartDatabase, restartEngine } = stage;
    const plan = (random: Random): Kills => ({
      serves: true,
      workers: anyKills(random).slice(0, 2),
      beside: killed(random, 5, restartServing, restartRedis, restartDatabase, restartEngine),
      mayEnd: true,
    });
    expect(await outlive({ ...stage, what: "all of them", plan })).toEqual([]);
  });
});

const given = "a given server is not ours to kill";

interface Company extends Required<Pick<Storm, "server" | "where">> {
  readonly restartRedis: Restart;
  readonly restartDatabase: Restart;
  readonly restartEngine: Restart;
}

/** What a company runs: a database, Redis, and Temporal that keeps what it knows in a file. */
async function openCompany(): Promise<Company | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "omniforge-storm-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const server = await startServerWithFile(join(folder, "temporal.db"));
  if (server === undefined) return undefined;
  onTestFinished(() => server.stop());
  const [database, events] = await Promise.all([postgres.startPostgres(), redis.startOwn()]);
  onTestFinished(() => database.stop());
  onTestFinished(() => events.stop());
  const { kill, start } = database;
  if (kill === undefined || start === undefined) return undefined;
  return {
    server,
    where: () => ({ database: database.fresh(), redis: events.address }),
    restartRedis: inTurn(() => events.kill().then(() => events.start())),
    restartDatabase: inTurn(() => kill().then(start)),
    restartEngine: inTurn(() => server.restart()),
  };
}

/** The promises that were broken, by the first runs that broke any. */
async function outlive({ server, what, plan, where }: Storm): Promise<readonly string[]> {
  await workflowBundle();
  const random = seeded(seed);
  const { serves = false } = plan(seeded(seed));
  const recording = await recordOnTemporal(server, { serves }, where?.());
  // Redis is what they come through.
  expect(recording.pieces > 0).toBe(serves);
  const found: Disturbed[] = [];
  const kills = (): number => found.reduce((sum, one) => sum + one.kills, 0);
  const broken = (): readonly string[] => found.flatMap(({ problems }) => problems);
  while (kills() < wanted && broken().length === 0) {
    const plans = [plan(random), plan(random)];
    found.push(...(await sideBySide(plans, (one) => runOnTemporal(server, one, recording.left, where?.()))));
    console.log(`Temporal, ${what}: ${temporalReport(found)}; CRASH_SEED=${seed}`);
  }
  return broken();
}
