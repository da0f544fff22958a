import { defineAgent, defineTool, askHumanTool, InputRequired } from "omniforge";
import { OmniForgeError, stepKey } from "omniforge/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Conversation } from "omniforge/testing";
import { startWorker, temporal } from "../../packages/temporal/src/index.ts";
import { createBench, type Bench } from "./setup.ts";
import { freePort } from "../free-port.ts";
import { patience, skipped, startServer, type TestServer } from "./server.ts";
import { createWorld, testAgent, until } from "./world.ts";

const echo = defineTool({
  name: "echo",
  description: "Says it again",
  parameters: z.object({ text: z.string() }),
  effects: "none",
  execute: ({ text }) => text,
});

const pay = defineTool({
  name: "pay",
  description: "Pays",
  parameters: z.object({}),
  needsApproval: true,
  execute: () => "paid",
});

describe.skipIf(skipped !== "")(`the Temporal backend${skipped}`, { timeout: patience }, () => {
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

  test("runs a task of a model and a tool to its answer, and closes its workflow", async () => {
    const world = createWorld({
      tools: [echo],
      script: ({ results }) =>
        results.length === 0
          ? { calls: [{ name: "echo", arguments: { text: "hi" } }] }
          : { text: `it said ${results[0]?.text}` },
    });
    const backend = await bench.open(world);
    const task = await world.create(testAgent({ tools: [echo] }));
    expect(await backend.describe(task)).toBe("not-found");
    await backend.start(task);
    const row = await world.ended(task);
    expect(row).toMatchObject({ state: "completed", turn: 2 });
    expect(row.currentRun).toBe(row.firstRun);
    await until(async () => (await backend.describe(task)) === "closed" || undefined);
    expect(bench.errors).toEqual([]);
  });

  test("runs 40 calls of one reply, and records all of them", async () => {
    const calls = Array.from({ length: 40 }, (_, at) => ({ name: "echo", arguments: { text: String(at) } }));
    const world = createWorld({
      tools: [echo],
      script: ({ results }) => (results.length === 0 ? { calls } : { text: "done" }),
    });
    const backend = await bench.open(world);
    const task = await world.create(testAgent({ tools: [echo] }));
    await backend.start(task);
    await world.ended(task);
    expect(await world.entries(task, "result")).toHaveLength(40);
  });

  test("is one task when it is started twice, also after its end", async () => {
    const world = createWorld({ script: () => ({ text: "done" }) });
    const backend = await bench.open(world);
    const task = await world.create(testAgent());
    await Promise.all([backend.start(task), backend.start(task)]);
    await backend.start(task);
    const { firstRun } = await world.ended(task);
    await until(async () => (await backend.describe(task)) === "closed" || undefined);
    await backend.start(task);
    expect((await server.client.workflow.getHandle(task.task).describe()).runId).toBe(firstRun);
    expect(await world.entries(task, "reply")).toHaveLength(1);
  });

  test("is started by a wake that comes first", async () => {
    const world = createWorld({ script: ({ said }) => ({ text: said.join(" ") }) });
    const backend = await bench.open(world);
    const task = await world.create(testAgent(), "one");
    await world.say(task, {
      kind: "message",
      id: "m",
      message: { v: 1, role: "user", parts: [{ type: "text", text: "two" }] },
    });
    await backend.wake(task);
    await world.ended(task);
    const [ended] = await world.entries(task, "ended");
    expect(ended?.body.parts).toMatchObject([{ text: "one two" }]);
  });

  test("takes an answer that was given while no worker was alive", async () => {
    const world = createWorld({
      tools: [pay],
      script: ({ results }) =>
        results.length === 0 ? { calls: [{ name: "pay" }] } : { text: results[0]?.text ?? "" },
    });
    const first = await bench.open(world);
    const task = await world.create(testAgent({ tools: [pay] }));
    await first.start(task);
    await until(async () => ((await world.rowOf(task)).parkedAtWakes === null ? undefined : true));
    await first.close();

    const away = await bench.open(world, { work: false });
    await world.say(task, {
      kind: "answer",
      request: stepKey(1, "tool", 0),
      answer: { decision: "approve" },
    });
    await away.wake(task);
    await bench.open(world);
    await world.ended(task);
    expect(await world.entries(task, "claim")).toHaveLength(1);
    expect((await world.entries(task, "result"))[0]?.body).toMatchObject({
      status: "result",
      parts: [{ text: "paid" }],
    });
  });

  test("is woken by the reconciler when the wake is lost", async () => {
    const world = createWorld({
      tools: [askHumanTool],
      script: ({ results }) =>
        results.length === 0
          ? { calls: [{ name: "ask_human", arguments: { question: "Which?" } }] }
          : { text: results[0]?.text ?? "" },
    });
    const backend = await bench.open(world);
    const task = await world.create(testAgent({ tools: [askHumanTool] }));
    await backend.start(task);
    await until(async () => ((await world.rowOf(task)).parkedAtWakes === null ? undefined : true));
    await world.say(task, {
      kind: "answer",
      request: stepKey(1, "tool", 0),
      answer: { decision: "answer", value: "this" },
    });
    const row = await world.ended(task);
    expect(row.state).toBe("completed");
    expect(row.parkedAtWakes).toBeNull();
  });

  test("starts a task that was created and never started", async () => {
    const world = createWorld({ script: () => ({ text: "done" }) });
    await bench.open(world);
    const task = await world.create(testAgent());
    expect(await world.ended(task)).toMatchObject({ state: "completed" });
  });

  test("refuses an approval whose deadline has passed, by a timer of the server", async () => {
    const soon = defineTool({
      name: "pay",
      description: "",
      parameters: z.object({}),
      needsApproval: true,
      deadlineMs: 400,
      execute: () => "paid",
    });
    const world = createWorld({
      tools: [soon],
      script: ({ results }) =>
        results.length === 0 ? { calls: [{ name: "pay" }] } : { text: results[0]?.kind ?? "" },
    });
    const backend = await bench.open(world, { reconcile: { everyMs: 600_000 } });
    const task = await world.create(testAgent({ tools: [soon] }));
    await backend.start(task);
    await world.ended(task);
    expect((await world.entries(task, "result"))[0]?.body.status).toBe("refused");
  });

  test("runs a call again with the answer that it asked for while it ran", async () => {
    const asks = defineTool({
      name: "asks",
      description: "",
      parameters: z.object({}),
      execute: (_given, { answers }) => {
        if (answers.length === 0) throw new InputRequired("Who are you?");
        return `hello ${JSON.stringify(answers[0])}`;
      },
    });
    const world = createWorld({
      tools: [asks],
      script: ({ results }) =>
        results.length === 0 ? { calls: [{ name: "asks" }] } : { text: results[0]?.text ?? "" },
    });
    const backend = await bench.open(world);
    const task = await world.create(testAgent({ tools: [asks] }));
    await backend.start(task);
    const [request] = await until(async () => {
      const asked = await world.entries(task, "request");
      return asked.length > 0 ? asked : undefined;
    });
    await world.say(task, {
      kind: "answer",
      request: request?.body.id ?? "",
      answer: { decision: "answer", value: "Ann" },
    });
    await backend.wake(task);
    await world.ended(task);
    expect((await world.entries(task, "result"))[0]?.body.parts).toMatchObject([{ text: 'hello "Ann"' }]);
  });

  test("retries a failing tool when its policy says, by the server's clock", async () => {
    const starts: number[] = [];
    const flaky = defineTool({
      name: "flaky",
      description: "",
      parameters: z.object({}),
      effects: "idempotent",
      retry: { maximumAttempts: 3, initialIntervalMs: 600, backoffCoefficient: 1 },
      execute: () => {
        starts.push(Date.now());
        if (starts.length < 3) throw new Error("not this time");
        return "at last";
      },
    });
    const world = createWorld({
      tools: [flaky],
      script: ({ results }) =>
        results.length === 0 ? { calls: [{ name: "flaky" }] } : { text: results[0]?.text ?? "" },
    });
    const backend = await bench.open(world);
    const task = await world.create(testAgent({ tools: [flaky] }));
    await backend.start(task);
    await world.ended(task);
    expect(starts).toHaveLength(3);
    expect((starts[2] ?? 0) - (starts[1] ?? 0)).toBeGreaterThanOrEqual(600);
    expect(await world.entries(task, "attempt")).toHaveLength(2);
  });

  test("runs a sub-agent as a child workflow, and wakes its parent at its end", async () => {
    const child = testAgent({ name: "child", tools: [echo] });
    const parent = defineAgent({ name: "parent", instructions: "Ask the child.", agents: [child] });
    const world = createWorld({
      tools: [echo],
      script: ({ said, results }) => {
        if (said[0] === "for the child") return { text: "from the child" };
        return results.length === 0
          ? { calls: [{ name: "child", arguments: { message: "for the child" } }] }
          : { text: results[0]?.text ?? "" };
      },
    });
    const backend = await bench.open(world, { reconcile: { everyMs: 600_000 } });
    const task = await world.create(parent);
    await backend.start(task);
    await world.ended(task);
    expect((await world.entries(task, "ended"))[0]?.body.parts).toMatchObject([{ text: "from the child" }]);
    const described = await server.client.workflow.getHandle(`${task.task}.1.0`).describe();
    expect(described.parentExecution?.workflowId).toBe(task.task);
    expect((await world.rowOf({ tenant: task.tenant, task: `${task.task}.1.0` })).firstRun).toBe(
      described.runId,
    );
  });

  test("tries a tool elsewhere that this worker does not have", async () => {
    const script = ({ results }: Conversation) =>
      results.length === 0 ? { calls: [{ name: "echo", arguments: { text: "hi" } }] } : { text: "done" };
    const without = createWorld({ script });
    const backend = await bench.open(without);
    const task = await without.create(testAgent({ tools: [echo] }));
    await backend.start(task);
    await until(async () => ((await without.entries(task, "attempt")).length > 0 ? true : undefined));
    const having = createWorld({ script, tools: [echo], folder: without.folder });
    await bench.open(having);
    await having.ended(task);
    expect((await having.entries(task, "result"))[0]?.body.status).toBe("result");
    expect((await having.entries(task, "attempt")).map(({ body }) => body.error.code)).toEqual([
      "TOOL_NOT_HERE",
    ]);
  });

  test("runs a tool on the queue that it names, by a worker that performs steps only", async () => {
    const queue = `${bench.taskQueue}-there`;
    const there = defineTool({
      name: "there",
      description: "",
      parameters: z.object({}),
      queue,
      execute: () => "ran there",
    });
    const script = ({ results }: Conversation) =>
      results.length === 0 ? { calls: [{ name: "there" }] } : { text: results[0]?.text ?? "" };
    const here = createWorld({ script });
    const backend = await bench.open(here);
    const elsewhere = createWorld({ script, tools: [there], folder: here.folder });
    const worker = await startWorker(elsewhere, {
      address: server.address,
      worker: { polls: [queue] },
    });
    const task = await here.create(testAgent({ tools: [there] }));
    await backend.start(task);
    await here.ended(task);
    expect((await here.entries(task, "result"))[0]?.body.parts).toMatchObject([{ text: "ran there" }]);
    expect(await here.entries(task, "attempt")).toEqual([]);
    await worker.close();
    await elsewhere.store.close();
  });

  test("says where it looked when no server answers", async () => {
    const world = createWorld({ script: () => ({ text: "" }) });
    const address = `127.0.0.1:${await freePort()}`;
    const opening = temporal({ address, connectTimeoutMs: 300 })(world, { work: true });
    const thrown = await opening.catch((error: unknown) => error);
    expect(OmniForgeError.is(thrown, "ENGINE_UNREACHABLE")).toBe(true);
    expect(String(thrown)).toContain(address);
    await world.remove();
  });

  test("says which namespace the server does not have", async () => {
    const world = createWorld({ script: () => ({ text: "" }) });
    const opening = temporal({ address: server.address, namespace: "nowhere", connectTimeoutMs: 300 })(
      world,
      { work: false },
    );
    const thrown = await opening.catch((error: unknown) => error);
    expect(OmniForgeError.is(thrown, "ENGINE_UNREACHABLE")).toBe(true);
    expect(String(thrown)).toContain("nowhere");
    await world.remove();
  });
});
