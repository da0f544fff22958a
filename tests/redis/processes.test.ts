/** One process executes, another one serves: what a client of the second is told by server-sent events. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOmniForge, type OmniForge } from "omniforge";
import { createClient, type OmniForgeClient } from "omniforge/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createServer, listen } from "../../packages/omniforge/src/server/index.ts";
import { reader, textOfLog, type Reader } from "../client/reader.ts";
import { answerOf } from "../client/stammering-model.ts";
import * as postgres from "../postgres/server.ts";
import * as engine from "../temporal/server.ts";
import { skippedOwn, startOwn, type OwnServer } from "./server.ts";
import { optionsOf, type Shared } from "./worker.ts";

const patience = { timeout: 90_000, interval: 20 };
const turns = 2;
const answer = Array.from({ length: turns }, (_, turn) => answerOf(turn + 1)).join("");

/** What a client of the serving process has before its eyes, and how much of it came before it was recorded. */
interface Person {
  readonly reader: Reader;
  pieces: number;
  resets: number;
  readonly done: Promise<void>;
}

function watching(client: OmniForgeClient, task: string): Person {
  const one = reader(task);
  const person = { reader: one, pieces: 0, resets: 0, done: Promise.resolve() };
  person.done = (async () => {
    for await (const event of client.follow(task)) {
      one.read(event);
      if (event.type === "delta") person.pieces++;
      if (event.type === "reset") person.resets++;
    }
  })();
  return person;
}

interface Stage {
  readonly forge: OmniForge;
  readonly client: OmniForgeClient;
  readonly shared: Shared;
  /** Starts a worker; `pauseMs`: how long its model waits between two pieces. */
  work(pauseMs?: number): Promise<ChildProcess>;
  expectWhole(task: string, person: Person): Promise<void>;
}

const closing: (() => unknown)[] = [];

async function openStage(shared: Shared): Promise<Stage> {
  const forge = await createOmniForge({ ...optionsOf(shared), work: false });
  const listening = await listen(createServer(forge), { port: 0 });
  closing.push(
    () => forge.close(),
    () => listening.close(),
  );
  return {
    forge,
    shared,
    client: createClient({ url: listening.url, retries: 50 }),
    async work(pauseMs = shared.stammering.pauseMs) {
      const program = join(import.meta.dirname, "worker.ts");
      const said = JSON.stringify({ ...shared, stammering: { ...shared.stammering, pauseMs } });
      const words = ["--conditions=omniforge:source", program, said];
      const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
      closing.push(() => child.kill("SIGKILL"));
      await once(child.stdout, "data");
      return child;
    },
    async expectWhole(task, person) {
      await person.done;
      expect(person.reader.wrong).toEqual([]);
      expect(person.reader.text()).toBe(textOfLog(await forge.log(task)));
      expect(person.reader.text()).toBe(answer);
    },
  };
}

const needsPostgres = `${skippedOwn}${postgres.skipped}`;
const needsTemporal = `${skippedOwn}${engine.skipped}`;

describe.skipIf(needsPostgres !== "")(
  `in process and on PostgreSQL${needsPostgres}`,
  { timeout: 120_000 },
  () => {
    let database: postgres.TestServer;
    beforeAll(async () => {
      database = await postgres.startPostgres();
    }, 60_000);
    afterAll(() => database.stop());
    heardElsewhere(() => ({ database: database.fresh() }));

    it("without Redis the log is followed, and all of it comes", async () => {
      const stammering = { turns, failures: 1, pauseMs: 5 };
      const stage = await openStage({ dataDirectory: openFolder(), database: database.fresh(), stammering });
      await stage.work();
      const { task } = await stage.client.submit("speaker", "speak");
      const person = watching(stage.client, task);
      await stage.expectWhole(task, person);
      expect(person.pieces).toBe(0);
    });

    it("a paused process that speaks on after its successor has begun is not heard", async () => {
      const redis = await openRedis();
      const folder = openFolder();
      const stammering = { turns: 1, failures: 0, pauseMs: 100 };
      const stage = await openStage({
        dataDirectory: folder,
        redis: redis.address,
        database: database.fresh(),
        stammering,
      });
      const zombie = await stage.work(2_000);
      const { task } = await stage.client.submit("speaker", "go on");
      const person = watching(stage.client, task);
      await expect.poll(() => person.pieces, patience).toBeGreaterThan(0);
      zombie.kill("SIGSTOP");
      await stage.work();
      await expect.poll(() => person.resets, patience).toBe(2);
      await expect.poll(() => person.reader.text().length, patience).toBeGreaterThan(30);
      zombie.kill("SIGCONT");
      await person.done;
      expect(person.reader.wrong).toEqual([]);
      expect(person.reader.text()).toBe(answerOf(1));
    });
  },
);

describe.skipIf(needsTemporal !== "")(`on Temporal and SQLite${needsTemporal}`, { timeout: 120_000 }, () => {
  let server: engine.TestServer;
  beforeAll(async () => {
    server = await engine.startServer();
  }, 60_000);
  afterAll(() => server.stop());
  heardElsewhere(() => ({ temporal: { address: server.address, taskQueue: `redis-${Date.now()}` } }));
});

function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "omniforge-heard-"));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function openRedis(): Promise<OwnServer> {
  const redis = await startOwn();
  closing.push(() => redis.stop());
  return redis;
}

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

function heardElsewhere(place: () => Partial<Shared>): void {
  let shared: Shared;
  let redis: OwnServer;
  beforeEach(async () => {
    redis = await openRedis();
    const stammering = { turns, failures: 1, pauseMs: 5 };
    shared = { dataDirectory: openFolder(), redis: redis.address, stammering, ...place() };
  });

  it("is heard as it speaks, by who is there and by who joins, and what broke off is taken back", async () => {
    const stage = await openStage(shared);
    await stage.work();
    const { task } = await stage.client.submit("speaker", "speak");
    const person = watching(stage.client, task);
    await expect.poll(() => person.pieces, patience).toBeGreaterThan(5);
    const late = watching(stage.client, task);
    for (const one of [person, late]) {
      await stage.expectWhole(task, one);
      // Both replies and their broken tries have far more pieces.
      expect(one.pieces).toBeGreaterThan(20);
    }
  });

  it("Redis killed in the middle costs running text only, until it is back", async () => {
    const stage = await openStage({ ...shared, stammering: { turns, failures: 1, pauseMs: 25 } });
    await stage.work();
    const { task } = await stage.client.submit("speaker", "speak");
    const person = watching(stage.client, task);
    await expect.poll(() => person.pieces, patience).toBeGreaterThan(5);
    await redis.kill();
    const heard = person.pieces;
    await redis.start();
    await expect.poll(() => person.pieces, patience).toBeGreaterThan(heard + 5);
    await redis.kill();
    await stage.expectWhole(task, person);
  });
}
