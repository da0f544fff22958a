/**
 * The contract on Temporal with its tasks in PostgreSQL: a sample, with a scenario of each kind of wait, death and fan-out;
 * all of it with OMNIFORGE_CONTRACT=whole.
 */
import { randomUUID } from "node:crypto";
import { postgresStore } from "omniforge/store";
import { testBackend } from "omniforge/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { temporal } from "../../packages/temporal/src/index.ts";
import { silence } from "../../packages/temporal/src/life-signs.ts";
import * as postgres from "../postgres/server.ts";
import { skipped, startServer, type TestServer } from "./server.ts";

const run = randomUUID().slice(0, 4);
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
    async (world, { work, place }) => {
      const { address, namespace, client } = server;
      const taskQueue = `${run} ${place}`.replaceAll(/[^a-z0-9]+/gi, "-").slice(0, 60);
      const backend = await temporal({
        address,
        namespace,
        taskQueue,
        reconcile: { everyMs: 300, quietMs: 1_000 },
        worker: { shutdownGraceMs: 1_500 },
        // Steps of processes that were cut off fail as they should; what matters of it stands in the logs.
        onError: () => undefined,
      })(world, { work });
      return {
        backend,
        kill: async (fail) => {
          silence(world, true);
          fail(new Error("its process has died"));
          await backend.close();
        },
        pause: async () => silence(world, true),
        continue: async () => silence(world, false),
        terminate: async (task) => void (await client.workflow.getHandle(task).terminate()),
      };
    },
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
      skip: [
        {
          test: "does nothing twice when it is set back to its beginning by hand",
          reason: "a reset is the engine's alone: the contract on Temporal and SQLite plays it",
        },
      ],
    },
  );
});
