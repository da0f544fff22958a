import { randomUUID } from "node:crypto";
import { defineTool } from "omniforge";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { temporal } from "../../packages/temporal/src/index.ts";
import { bytesOf, readRuns, textIn } from "./history.ts";
import { skipped, startServer, type TestServer } from "./server.ts";
import { createWorld, testAgent } from "./world.ts";

const canary = "CANARY-b81f";
const look = defineTool({
  name: "look",
  description: canary,
  parameters: z.object({ text: z.string() }),
  effects: "none",
  execute: ({ text }) => `${canary} ${text} ${"x".repeat(2_000)}`,
});

describe.skipIf(skipped !== "")(`histories${skipped}`, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  test("a turn costs the same however many came before it, and nothing that anybody said is in it", async () => {
    const turns = 300;
    const world = createWorld({
      tools: [look],
      script: ({ results }) =>
        results.length < turns - 1
          ? { text: canary, calls: [{ name: "look", arguments: { text: canary } }] }
          : { text: `${canary} done` },
    });
    const backend = await temporal({ address: server.address, taskQueue: `q-${randomUUID().slice(0, 8)}` })(
      world,
      { work: true },
    );
    const agent = testAgent({ tools: [look], instructions: canary, limits: { turns: turns + 10 } });
    const task = await world.create(agent, canary);
    const started = Date.now();
    await backend.start(task);
    const row = await world.ended(task, 120_000);
    const elapsed = Date.now() - started;
    expect(row).toMatchObject({ state: "completed", turn: turns });

    const runs = await readRuns(server.client, task.task, row.firstRun ?? "");
    const events = runs.flatMap((run) => run.events);
    const bytes = bytesOf(events);
    console.log(
      `${turns} turns in ${runs.length} runs: ${(elapsed / turns).toFixed(1)} ms, ${(bytes / turns).toFixed(0)} bytes and ${(events.length / turns).toFixed(2)} events a turn; ` +
        runs.map((run) => `${run.events.length} events ${run.bytes} bytes`).join(", "),
    );
    expect(runs.length).toBeGreaterThan(3);
    expect(bytes / turns).toBeLessThanOrEqual(2_048);
    expect(Math.max(...runs.map((run) => run.events.length))).toBeLessThan(600);
    // The first full run against the last full one: 12 events a turn, and flat.
    const full = runs.slice(0, -1).map((run) => run.bytes / run.events.length);
    expect(Math.max(...full) / Math.min(...full)).toBeLessThan(1.1);
    for (const run of runs) expect(textIn(run.history)).not.toContain(canary);

    await backend.close();
    await world.remove();
  }, 150_000);
});
