/**
 * The contract on Temporal with its tasks in PostgreSQL and its live events in Redis: a sample, with a scenario of each kind
 * of wait, death and fan-out; all of it with OMNIFORGE_CONTRACT=whole. Each task is followed from elsewhere, to its end.
 */
import assert from "node:assert/strict";
import { postgresStore } from "omniforge/store";
import { testBackend } from "omniforge/testing";
import { afterAll, afterEach, beforeAll, describe, it } from "vitest";
import * as postgres from "../postgres/server.ts";
import { observed, Observer } from "../redis/observed-engine.ts";
import * as redis from "../redis/server.ts";
import { engineOn } from "./engine.ts";
import { skipped, startServer, type TestServer } from "./server.ts";

const missing = `${skipped}${postgres.skipped}${redis.skipped}`;
const patienceMs = 30_000;
const isWhole = process.env["OMNIFORGE_CONTRACT"] === "whole";
const sample = [
  "counts the first of two answers",
  "finds the first task of an idempotency key",
  "hears an answer that was given while no process lived",
  "hands work to a sub-agent and takes its answer",
  "tries one of many again while the others are done once",
  "refuses an answer after the deadline and writes that it has passed",
];

describe.skipIf(missing !== "")(`the contract on Temporal, PostgreSQL and Redis${missing}`, () => {
  let server: TestServer;
  let database: postgres.TestServer;
  let live: redis.TestServer;
  let observer: Observer | undefined;
  let pieces = 0;
  beforeAll(async () => {
    const starting = [startServer(), postgres.startPostgres(), redis.startRedis()] as const;
    [server, database, live] = await Promise.all(starting);
  });
  afterEach(async () => {
    pieces += (await observer?.finish(patienceMs)) ?? 0;
    observer = undefined;
  }, patienceMs * 2);
  afterAll(async () => {
    await Promise.all([server.stop(), database.stop(), live.stop()]);
    assert.ok(pieces > 0, "no running text was heard through Redis");
  });

  testBackend(
    "Temporal on PostgreSQL and Redis",
    observed(
      engineOn(() => server),
      () => live.address,
      () => observer,
    ),
    {
      describe,
      it,
      patienceMs,
      ...(!isWhole && { only: sample }),
      storage: async () => {
        const address = database.fresh();
        observer = new Observer(live.address, await postgresStore(address, { connections: 2 }));
        return async () => {
          const store = await postgresStore(address, { connections: 4 });
          return { store, blobs: store.blobs };
        };
      },
    },
  );
});
