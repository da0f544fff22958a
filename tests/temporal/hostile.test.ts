/** What is done to tasks on Temporal that nobody should do: tools that stand still, inputs of any size, clocks that differ. */
import { askHumanTool, createOmniForge, defineTool, type OmniForge, type Tool } from "omniforge";
import { maximumCalls, stepKey, type TaskEvent } from "omniforge/protocol";
import { scriptedModel, type Script } from "omniforge/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { temporal } from "../../packages/temporal/src/index.ts";
import { readRuns, textIn } from "./history.ts";
import { createBench, type Bench } from "./setup.ts";
import { patience, skipped, startServer, type TestServer } from "./server.ts";
import { createWorld, testAgent, until } from "./world.ts";

/** Longer than the server waits for a heartbeat. */
const standstillMs = 4_500;
const hourMs = 3_600_000;

const callsOnce =
  (name: string): Script =>
  ({ results }) =>
    results.length === 0 ? { calls: [{ name }] } : { text: results[0]?.kind ?? "" };

describe.skipIf(skipped !== "")(`hostile things on Temporal${skipped}`, { timeout: patience }, () => {
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

  /** A task that calls a tool of this behaviour once. */
  async function calling(
    act: () => Promise<string> | string,
    more: Partial<Parameters<typeof defineTool>[0]> = {},
  ) {
    const tool = toolOf("act", act, more);
    const world = createWorld({ tools: [tool], script: callsOnce("act") });
    const backend = await bench.open(world);
    const task = await world.create(testAgent({ tools: [tool] }));
    await backend.start(task);
    return { world, task };
  }

  test("a tool that says nothing for longer than the server waits for a sign of life runs once", async () => {
    let runs = 0;
    const { world, task } = await calling(async () => {
      runs++;
      await new Promise((resolve) => setTimeout(resolve, standstillMs));
      return "done";
    });
    expect(await world.ended(task)).toMatchObject({ state: "completed" });
    expect(runs).toBe(1);
    expect(await world.entries(task, "recovery")).toEqual([]);
  });

  test("a tool that blocks its process is taken for dead, once; the task goes on with one outcome", async () => {
    let runs = 0;
    const { world, task } = await calling(() => {
      if (++runs === 1) for (const end = Date.now() + standstillMs; Date.now() < end;);
      return "done";
    });
    expect(await world.ended(task)).toMatchObject({ state: "completed" });
    expect(await world.entries(task, "result")).toHaveLength(1);
    const deaths = await world.entries(task, "recovery");
    expect(deaths.map(({ body }) => body.steps)).toEqual([[stepKey(1, "tool", 0)]]);
    // The next attempt may begin before the first one's result is written down, but no third does.
    expect(runs).toBeLessThanOrEqual(2);
  });

  test("results and answers of megabytes never pass through the server", async () => {
    const large = "a large value. ".repeat(200_000);
    const tool = toolOf("act", () => large);
    const world = createWorld({
      tools: [tool, askHumanTool],
      script: ({ results }) => {
        if (results.length === 0) return { calls: [{ name: "act" }] };
        if (results.length > 1) return { text: "done" };
        return { calls: [{ name: "ask_human", arguments: { question: "?" } }] };
      },
    });
    const backend = await bench.open(world);
    const task = await world.create(testAgent({ tools: [tool, askHumanTool] }));
    await backend.start(task);
    await until(async () => (await world.rowOf(task)).parkedAtWakes !== null || undefined);
    // More than the server takes: it says so to whoever sent it, and the task does not hear of it.
    const handle = server.client.workflow.getHandle(task.task);
    await expect(handle.signal("provide_human_input", large)).rejects.toThrow(/signal/i);
    const request = stepKey(2, "tool", 0);
    await world.say(task, {
      kind: "answer",
      request,
      answer: { decision: "answer", value: large.slice(0, 500_000) },
    });
    await backend.wake(task);
    const row = await world.ended(task);
    expect(row).toMatchObject({ state: "completed" });
    const [run] = await readRuns(server.client, task.task, row.firstRun ?? "");
    expect(run?.bytes).toBeLessThan(20_000);
  });

  test("of a reply of thousands of calls the history holds those that may run, and the task goes on", async () => {
    const asked = 4_000;
    let runs = 0;
    const tool = toolOf("act", () => `done ${++runs}`);
    const world = createWorld({
      tools: [tool],
      script: ({ results }) =>
        results.length === 0
          ? { calls: Array.from({ length: asked }, () => ({ name: "act" })) }
          : { text: `${results.length} results` },
    });
    const backend = await bench.open(world);
    const task = await world.create(testAgent({ tools: [tool] }));
    await backend.start(task);
    const row = await world.ended(task);
    expect(row).toMatchObject({ state: "completed" });
    expect(runs).toBe(maximumCalls);
    expect((await world.entries(task, "ended"))[0]?.body.parts).toMatchObject([{ text: `${asked} results` }]);
    const [run] = await readRuns(server.client, task.task, row.firstRun ?? "");
    expect(run?.events.filter((event) => textIn(event).includes(`1/tool/${maximumCalls}`))).toEqual([]);
  });

  test("a step whose result is too large for a history fails its task, once and not for ever", async () => {
    // Each call's descriptor names its queue.
    const queue = "q".repeat(3_000);
    const tool = toolOf("act", () => "done", { queue });
    const world = createWorld({
      tools: [tool],
      script: () => ({ calls: Array.from({ length: maximumCalls }, () => ({ name: "act" })) }),
    });
    const backend = await bench.open(world);
    const task = await world.create(testAgent({ tools: [tool] }));
    await backend.start(task);
    const row = await world.ended(task);
    expect(row).toMatchObject({ state: "failed" });
    expect((await world.entries(task, "ended"))[0]?.body.error).toMatchObject({ code: "INTERNAL" });
    const [run] = await readRuns(server.client, task.task, row.firstRun ?? "");
    const started = run?.events.flatMap(({ activityTaskStartedEventAttributes: one }) => one ?? []);
    // The model step, and the end of the task.
    expect(started?.map(({ attempt }) => attempt)).toEqual([1, 1]);
  });

  test("a workflow that can't be run holds up no other task", async () => {
    const world = createWorld({ script: () => ({ text: "done" }) });
    const backend = await bench.open(world);
    const bad = await world.create(testAgent());
    await server.client.workflow.start("agentTask", {
      workflowId: bad.task,
      taskQueue: bench.taskQueue,
      args: [{ tenant: bad.tenant, turn: 1, loopVersion: 99 }],
    });
    await until(async () => {
      const { events } = await server.client.workflow.getHandle(bad.task).fetchHistory();
      return events?.some((event) => event.workflowTaskFailedEventAttributes) === true || undefined;
    });
    const others = await Promise.all(Array.from({ length: 5 }, () => world.create(testAgent())));
    for (const one of others) await backend.start(one);
    for (const one of others) expect(await world.ended(one)).toMatchObject({ state: "completed" });
    await server.client.workflow.getHandle(bad.task).terminate();
    expect(await world.ended(bad)).toMatchObject({ state: "failed" });
  });

  test("workers whose clocks are an hour apart hold up no backoff", async () => {
    let runs = 0;
    const tool = toolOf(
      "act",
      () => {
        if (++runs === 1) throw new Error("not this time");
        return "done";
      },
      {
        effects: "idempotent",
        retry: { maximumAttempts: 2, initialIntervalMs: 300, maximumIntervalMs: 300 },
      },
    );
    const world = createWorld({ tools: [tool], script: callsOnce("act") });
    const ahead = await bench.open({
      ...world,
      now: () => Date.now() + hourMs,
      // Its store is the other one's, too.
      remove: () => Promise.resolve(),
    });
    const task = await world.create(testAgent({ tools: [tool] }));
    await ahead.start(task);
    await until(async () => (await world.entries(task, "attempt")).length > 0 || undefined);
    await ahead.close();
    await bench.open(world);
    expect(await world.ended(task)).toMatchObject({ state: "completed" });
    expect(runs).toBe(2);
  });

  test("a task whose workflow timed out, or was terminated, shows it within 15 s, and its stream ends", async () => {
    const forge = await opened();
    const agent = testAgent({ tools: [askHumanTool] });
    const { task } = await forge.submit(agent, "wait");
    const stream = lastOf(forge, task);
    await until(async () => (await forge.get(task)).pending.length > 0 || undefined);
    await server.client.workflow.getHandle(task).terminate();
    const terminated = Date.now();
    expect(await stream).toMatchObject({
      kind: "ended",
      body: { state: "failed", error: { code: "ENGINE_CLOSED" } },
    });
    console.log(`terminated to the stream's end: ${Date.now() - terminated} ms`);

    const timed = await forge.world.store.create(await copyOf(forge, task));
    await server.client.workflow.start("agentTask", {
      workflowId: timed.row.task,
      taskQueue: bench.taskQueue,
      args: [{ tenant: forge.tenant, turn: 1, loopVersion: timed.row.loopVersion }],
      workflowExecutionTimeout: 1_500,
    });
    expect(await lastOf(forge, timed.row.task)).toMatchObject({ kind: "ended", body: { state: "failed" } });
    expect((await server.client.workflow.getHandle(timed.row.task).describe()).status.name).toBe("TIMED_OUT");
    expect(await forge.get(timed.row.task)).toMatchObject({ state: "failed", pending: [] });
  });

  /** As a user opens one: with the reconciler's own times. */
  async function opened(): Promise<OmniForge> {
    const world = createWorld({ script: () => ({ text: "" }) });
    const forge = await createOmniForge({
      dataDirectory: `${world.folder}/forge`,
      backend: temporal({ address: server.address, taskQueue: bench.taskQueue }),
      model: "scripted:test",
      models: {
        "scripted:test": scriptedModel(() => ({
          calls: [{ name: "ask_human", arguments: { question: "?" } }],
        })),
      },
    });
    onTestFinished(async () => {
      await forge.close();
      await world.remove();
    });
    return forge;
  }
});

function toolOf(
  name: string,
  act: () => Promise<string> | string,
  more: Partial<Parameters<typeof defineTool>[0]> = {},
): Tool {
  const parameters = z.object({});
  return defineTool({ name, description: "", parameters, effects: "none", ...more, execute: () => act() });
}

/** The last entry that whoever follows the task is shown. */
async function lastOf(forge: OmniForge, task: string): Promise<unknown> {
  let last: TaskEvent | undefined;
  for await (const event of forge.follow(task)) if (event.type === "entry") last = event;
  return last?.type === "entry" ? last.entry : undefined;
}

/** A task like this one that nobody has started. */
async function copyOf(forge: OmniForge, task: string) {
  const row = await forge.world.store.row({ tenant: forge.tenant, task });
  const set = row && (await forge.world.store.specs(row.specHash));
  if (row === undefined || set === undefined) throw new Error(`there is no task ${task}`);
  const { tenant, agent, engine, limits, loopVersion, depth } = row;
  const id = `${task}-timed`;
  const message = { id: "first", message: { v: 1 as const, role: "user" as const, parts: [] } };
  const specs = { hash: row.specHash, set };
  return {
    tenant,
    task: id,
    agent,
    specs,
    engine,
    limits,
    loopVersion,
    root: id,
    depth,
    message,
    at: Date.now(),
  };
}
