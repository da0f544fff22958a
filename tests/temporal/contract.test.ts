/** The contract that every backend keeps, played on a real server. */
import { testBackend } from "omniforge/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { engineOn } from "./engine.ts";
import { skipped, startServer, type TestServer } from "./server.ts";

describe.skipIf(skipped !== "")(`the contract on Temporal${skipped}`, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  testBackend(
    "Temporal",
    engineOn(() => server),
    { describe, it, patienceMs: 30_000 },
  );
});
