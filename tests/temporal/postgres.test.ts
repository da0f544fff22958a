/**
 * The contract on Temporal with its tasks in PostgreSQL: a sample, with a scenario of each kind of wait, death and fan-out;
 * all of it with OMNIFORGE_CONTRACT=whole.
 */
import { postgresStore } from "omniforge/store";
import { testBackend } from "omniforge/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import * as postgres from "../postgres/server.ts";
import { engineOn } from "./engine.ts";
import { skipped, startServer, type TestServer } from "./server.ts";

const missing = `${skipped}${postgres.skipped}`;
const isWhole = process.env["OMNIFORGE_CONTRACT"] === "whole";
const sample = [
  "counts the first of two answers",
  "finds the first task of an idempotency key",
  "hears an answer that was given while no process lived",
  "hands work to a sub-agent and takes its answer",
  "tries one of many again while the others are done once",
  "refuses an answer after the deadline and writes that it has passed",
];

describe.skipIf(missing !== "")(`the contract on Temporal and PostgreSQL${missing}`, () => {
  let server: TestServer;
  let database: postgres.TestServer;
  beforeAll(async () => {
    [server, database] = await Promise.all([startServer(), postgres.startPostgres()]);
  });
  afterAll(async () => {
    await server.stop();
    await database.stop();
  });

  testBackend(
    "Temporal on PostgreSQL",
    engineOn(() => server),
    {
      describe,
      it,
      patienceMs: 30_000,
      ...(!isWhole && { only: sample }),
      storage: () => {
        const address = database.fresh();
        return Promise.resolve(async () => {
          const store = await postgresStore(address, { connections: 4 });
          return { store, blobs: store.blobs };
        });
      },
    },
  );
});
