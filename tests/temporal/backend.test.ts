import { randomUUID } from "node:crypto";
import { defineTool } from "omniforge";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { temporal } from "../../packages/temporal/src/index.ts";
import { skipped, startServer, type TestServer } from "./server.ts";
import { createWorld, testAgent } from "./world.ts";

const echo = defineTool({
  name: "echo",
  description: "Says it again",
  parameters: z.object({ text: z.string() }),
  effects: "none",
  execute: ({ text }) => text,
});

describe.skipIf(skipped !== "")(`the Temporal backend${skipped}`, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  test("runs a task of a model and a tool to its answer", async () => {
    const world = createWorld({
      tools: [echo],
      script: ({ turn, results }) =>
        turn === 1
          ? { calls: [{ name: "echo", arguments: { text: "hi" } }] }
          : { text: `it said ${results[0]?.text}` },
    });
    const backend = await temporal({ address: server.address, taskQueue: `q-${randomUUID().slice(0, 8)}` })(
      world,
      { work: true },
    );
    const task = await world.create(testAgent({ tools: [echo] }));
    await backend.start(task);
    const row = await world.ended(task);
    expect(row.state).toBe("completed");
    await backend.close();
    await world.remove();
  });
});
