import { postgresStore } from "omniforge/store";
import { testKeyStore, testStore } from "omniforge/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { skipped, startPostgres, type TestServer } from "../postgres/server.ts";

/** Nothing changes by itself while a claim looks at what has changed. */
const pollMs = 600_000;

describe.skipIf(skipped !== "")(`the store contract on PostgreSQL${skipped}`, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  testStore("PostgreSQL", () => postgresStore(server.fresh(), { pollMs }), { describe, it });
  testKeyStore("keys in PostgreSQL", () => postgresStore(server.fresh()), { describe, it });
});
