/** The contract on the in-process engine, with its tasks and large values in PostgreSQL. */
import { inProcess } from "omniforge";
import { postgresStore } from "omniforge/store";
import { testBackend } from "omniforge/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { skipped, startPostgres, type TestServer } from "../postgres/server.ts";

describe.skipIf(skipped !== "")(`the contract in process on PostgreSQL${skipped}`, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  testBackend(
    "in-process on PostgreSQL",
    async (world, { work }) => ({
      backend: await inProcess({
        pollMs: 10,
        beatMs: 50,
        leaseMs: 1_000,
        stopGraceMs: 500,
        onError: (error) => console.error(error),
      })(world, { work }),
    }),
    {
      describe,
      it,
      patienceMs: 20_000,
      storage: () => {
        const address = server.fresh();
        return Promise.resolve(async () => {
          const store = await postgresStore(address, { connections: 4 });
          return { store, blobs: store.blobs };
        });
      },
      skip: [
        {
          test: "shows a task that was terminated from outside as failed",
          reason: "nothing outside executes the task, so there is nothing to terminate",
        },
        {
          test: "does nothing twice when it is set back to its beginning by hand",
          reason: "nothing outside executes the task, so there is nothing to reset",
        },
      ],
    },
  );
});
