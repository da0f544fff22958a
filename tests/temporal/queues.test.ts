/** Steps on queues of their own, and rates of providers over several workers. */
import { defineTool } from "omniforge";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createBench, type Bench } from "./setup.ts";
import { patience, skipped, startServer, type TestServer } from "./server.ts";
import { createWorld, testAgent, until } from "./world.ts";

describe.skipIf(skipped !== "")(`queues of Temporal${skipped}`, { timeout: patience }, () => {
  let server: TestServer;
  let bench: Bench;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    bench = createBench(server);
  });
  afterEach(() => bench.close());

  test("each worker takes only what it polls, and a sub-agent's steps go the same ways", async () => {
    const look = defineTool({
      name: "look",
      description: "",
      parameters: z.object({}),
      effects: "none",
      execute: () => "seen",
    });
    const child = testAgent({ name: "child", tools: [look] });
    const agent = testAgent({ tools: [look], agents: [child] });
    const world = createWorld({
      tools: [look],
      script: ({ said, results }) => {
        if (results.length > 0) return { text: "done" };
        return said[0] === "child"
          ? { calls: [{ name: "look" }] }
          : { calls: [{ name: "child", arguments: { message: "child" } }, { name: "look" }] };
      },
    });
    const queues = { model: `${bench.taskQueue}-m`, tools: `${bench.taskQueue}-t` };
    const open = (identity: string): Promise<unknown> =>
      bench.open(world, { queues, worker: { identity, polls: [identity] } });
    const client = await bench.open(world, { queues, work: false });
    await Promise.all(["workflow", "model", "tools"].map(open));
    const task = await world.create(agent);
    await client.start(task);
    expect(await world.ended(task)).toMatchObject({ state: "completed" });

    const performed = new Set<string>();
    for (const id of [task.task, `${task.task}.1.0`]) {
      const { events } = await server.client.workflow.getHandle(id).fetchHistory();
      const names = new Map<string, string>();
      for (const { eventId, activityTaskScheduledEventAttributes: scheduled } of events ?? [])
        if (scheduled) names.set(String(eventId), scheduled.activityType?.name ?? "");
      for (const { activityTaskStartedEventAttributes: started } of events ?? [])
        if (started) performed.add(`${names.get(String(started.scheduledEventId))} by ${started.identity}`);
    }
    expect([...performed].toSorted()).toEqual([
      "callModel by model",
      "callTool by tools",
      "finish by workflow",
      "openChild by workflow",
      "settleInputs by workflow",
    ]);
  });

  test("a provider's calls are held to its rate, over two workers; the others are not", async () => {
    const called: number[] = [];
    const world = createWorld({
      script: () => {
        called.push(Date.now());
        return { text: "done" };
      },
    });
    const modelRates = { slow: 1 };
    const backend = await bench.open(world, { modelRates });
    await bench.open(world, { modelRates });
    const tasks = [];
    for (let at = 0; at < 5; at++) tasks.push(await world.create(testAgent({ model: "slow:model" })));
    await Promise.all(tasks.map((task) => backend.start(task)));
    const free = await world.create(testAgent({ model: "quick:model" }));
    await backend.start(free);
    await until(async () => ((await world.rowOf(free)).endedSeq === null ? undefined : true), patience);
    for (const task of tasks) await world.ended(task, patience);
    expect(called).toHaveLength(6);
    // The server lets a burst through first, of as much as a second's.
    expect(Math.max(...called) - Math.min(...called)).toBeGreaterThan(2_500);
  });
});
