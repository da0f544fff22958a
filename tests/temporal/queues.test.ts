/** Steps on queues of their own, and rates of providers over several workers. */
import { defineTool } from "omniforge";
import type { TaskRow } from "omniforge/store";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createBench, type Bench } from "./setup.ts";
import { patience, skipped, startServer, type TestServer } from "./server.ts";
import { createWorld, testAgent } from "./world.ts";

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
    const world = createWorld({ script: () => ({ text: "done" }) });
    const modelRates = { slow: 1 };
    const backend = await bench.open(world, { modelRates });
    await bench.open(world, { modelRates });
    const start = async (model: string): Promise<TaskRow> => {
      const task = await world.create(testAgent({ model }));
      await backend.start(task);
      return task;
    };
    const slow = await Promise.all(Array.from({ length: 5 }, () => start("slow:model")));
    const quick = await start("quick:model");

    // When the server handed the call out: how busy the workers are changes nothing about it.
    const calledAt = async (task: TaskRow): Promise<{ at: number; queue: string }> => {
      await world.ended(task, patience);
      const { events } = await server.client.workflow.getHandle(task.task).fetchHistory();
      const scheduled = events?.find((event) => event.activityTaskScheduledEventAttributes);
      const started = events?.find((event) => event.activityTaskStartedEventAttributes);
      const queue = scheduled?.activityTaskScheduledEventAttributes?.taskQueue?.name ?? "";
      return { at: Number(started?.eventTime?.seconds) + Number(started?.eventTime?.nanos) / 1e9, queue };
    };
    const calls = await Promise.all(slow.map(calledAt));
    expect(new Set(calls.map(({ queue }) => queue))).toEqual(new Set([`${bench.taskQueue}-slow`]));
    const times = calls.map(({ at }) => at);
    // A second's worth may go at once.
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(2.5);
    expect((await calledAt(quick)).queue).toBe(bench.taskQueue);
  });
});
