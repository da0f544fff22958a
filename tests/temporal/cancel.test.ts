import { defineAgent, defineTool } from "omniforge";
import type { TaskReference } from "omniforge/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { createBench, type Bench } from "./setup.ts";
import { patience, skipped, startServer, type TestServer } from "./server.ts";
import { createWorld, testAgent, until, type TestWorld } from "./world.ts";

/** A moment that somebody waits for. */
function moment(): { readonly at: () => number | undefined; readonly mark: () => void } {
  let at: number | undefined;
  return { at: () => at, mark: () => void (at ??= Date.now()) };
}

/** Resolves never; rejects when aborted. */
function untilAborted(signal: AbortSignal | undefined, aborted: () => void): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => {
      aborted();
      reject(new Error("aborted"));
    });
  });
}

describe.skipIf(skipped !== "")(`cancelling on Temporal${skipped}`, { timeout: patience }, () => {
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

  const cancel = async (world: TestWorld, task: TaskReference): Promise<void> =>
    world.say(task, { kind: "cancel", id: "stop" });

  function waitingTool(effects: "none" | "once") {
    const started = moment();
    const aborted = moment();
    const tool = defineTool({
      name: "wait",
      description: "",
      parameters: z.object({}),
      effects,
      execute: (_given, { signal }) => {
        started.mark();
        return untilAborted(signal, aborted.mark);
      },
    });
    const world = createWorld({
      tools: [tool],
      script: ({ results }) => (results.length === 0 ? { calls: [{ name: "wait" }] } : { text: "done" }),
    });
    return { started, aborted, world, agent: testAgent({ tools: [tool] }) };
  }

  test("reaches a running tool's signal within two seconds", async () => {
    const { started, aborted, world, agent } = waitingTool("none");
    const backend = await bench.open(world);
    const task = await world.create(agent);
    await backend.start(task);
    await until(started.at);
    const asked = Date.now();
    await cancel(world, task);
    await backend.cancel(task);
    const row = await world.ended(task);
    console.log(
      `cancel to a tool's signal: ${(aborted.at() ?? 0) - asked} ms, to the end of the task: ${Date.now() - asked} ms`,
    );
    expect((aborted.at() ?? Infinity) - asked).toBeLessThan(2_000);
    expect(row.state).toBe("canceled");
    expect((await world.entries(task, "result"))[0]?.body.status).toBe("canceled");
    await until(
      async () =>
        (await server.client.workflow.getHandle(task.task).describe()).status.name === "CANCELLED" ||
        undefined,
    );
  });

  test("reaches the model's signal within two seconds", async () => {
    const started = moment();
    const aborted = moment();
    const world = createWorld({
      script: ({ signal }) => {
        started.mark();
        return untilAborted(signal, aborted.mark);
      },
    });
    const backend = await bench.open(world);
    const task = await world.create(testAgent());
    await backend.start(task);
    await until(started.at);
    const asked = Date.now();
    await cancel(world, task);
    await backend.cancel(task);
    expect(await world.ended(task)).toMatchObject({ state: "canceled" });
    console.log(`cancel to a model's signal: ${(aborted.at() ?? 0) - asked} ms`);
    expect((aborted.at() ?? Infinity) - asked).toBeLessThan(2_000);
  });

  test("by Temporal's own means aborts what runs, and the task is canceled; a payment under way is unknown", async () => {
    const { started, aborted, world, agent } = waitingTool("once");
    const backend = await bench.open(world);
    const task = await world.create(agent);
    await backend.start(task);
    await until(started.at);
    await server.client.workflow.getHandle(task.task).cancel();
    expect(await world.ended(task)).toMatchObject({ state: "canceled" });
    expect(aborted.at()).toBeDefined();
    expect((await world.entries(task, "result"))[0]?.body.status).toBe("unknown");
  });

  test("reaches a task that waits for a person", async () => {
    const pay = defineTool({
      name: "pay",
      description: "",
      parameters: z.object({}),
      needsApproval: true,
      execute: () => "paid",
    });
    const world = createWorld({ tools: [pay], script: () => ({ calls: [{ name: "pay" }] }) });
    const backend = await bench.open(world);
    const task = await world.create(testAgent({ tools: [pay] }));
    await backend.start(task);
    await until(async () => ((await world.rowOf(task)).parkedAtWakes === null ? undefined : true));
    await cancel(world, task);
    await backend.cancel(task);
    expect(await world.ended(task)).toMatchObject({ state: "canceled", pending: [] });
  });

  test("reaches a task that has never been started", async () => {
    const world = createWorld({ script: () => ({ text: "never" }) });
    const backend = await bench.open(world);
    const task = await world.create(testAgent());
    await cancel(world, task);
    await backend.cancel(task);
    expect(await world.ended(task)).toMatchObject({ state: "canceled" });
    expect(await world.entries(task, "reply")).toEqual([]);
  });

  describe("of a task whose sub-agent runs a tool, with no reconciler to help", () => {
    /** Until the tool runs. */
    async function family() {
      const { started, aborted, world, agent } = waitingTool("none");
      onTestFinished(() => world.remove());
      const child = defineAgent({ ...agent.definition, name: "child" });
      const parent = defineAgent({ name: "parent", instructions: "", agents: [child] });
      const both = createWorld({
        tools: world.tools.list(),
        script: ({ said }) =>
          said[0] === "go"
            ? { calls: [{ name: "wait" }] }
            : { calls: [{ name: "child", arguments: { message: "go" } }] },
      });
      // A sweep cancels what its parent has left behind, too: it comes too late here.
      const backend = await bench.open(both, { reconcile: { everyMs: 10 * patience } });
      const task = await both.create(parent);
      await backend.start(task);
      await until(started.at);
      return { backend, world: both, task, aborted };
    }

    /** How long it took to the tool's signal, once all has ended as it should. */
    async function untilReached({ world, task, aborted }: Awaited<ReturnType<typeof family>>) {
      const asked = Date.now();
      const child = { tenant: task.tenant, task: `${task.task}.1.0` };
      const states = [(await world.ended(child)).state, (await world.ended(task)).state];
      const tookMs = (aborted.at() ?? Infinity) - asked;
      console.log(`cancel to a sub-agent's tool: ${tookMs} ms, to the end of both: ${Date.now() - asked} ms`);
      return { states, tookMs, result: (await world.entries(child, "result"))[0]?.body.status };
    }

    test("reaches the tool within two seconds", async () => {
      const running = await family();
      const reached = untilReached(running);
      await cancel(running.world, running.task);
      await running.backend.cancel(running.task);
      const { states, tookMs, result } = await reached;
      expect({ states, result }).toEqual({ states: ["canceled", "canceled"], result: "canceled" });
      expect(tookMs).toBeLessThan(2_000);
    });

    test("by Temporal's own means reaches the tool within two seconds", async () => {
      const running = await family();
      const reached = untilReached(running);
      await server.client.workflow.getHandle(running.task.task).cancel();
      const { states, tookMs, result } = await reached;
      expect({ states, result }).toEqual({ states: ["canceled", "canceled"], result: "canceled" });
      expect(tookMs).toBeLessThan(2_000);
    });
  });
});
