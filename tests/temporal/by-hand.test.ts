/** What people do to workflows with Temporal's own tools: terminate, reset, signal. */
import { defineAgent, defineTool } from "omniforge";
import proto from "@temporalio/proto";
import { stepKey, type TaskReference } from "omniforge/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { resetRun } from "./reset.ts";
import { createBench, type Bench } from "./setup.ts";
import { patience, skipped, startServer, type TestServer } from "./server.ts";
import { createWorld, testAgent, until, type TestWorld } from "./world.ts";

const request = stepKey(1, "tool", 0);

describe.skipIf(skipped !== "")(`Temporal's own tools${skipped}`, { timeout: patience }, () => {
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

  const parked = (world: TestWorld, task: TaskReference): Promise<true> =>
    until(async () => ((await world.rowOf(task)).parkedAtWakes === null ? undefined : true));

  /** A task that pays once a person has allowed it. */
  function paying() {
    let paid = 0;
    const pay = defineTool({
      name: "pay",
      description: "",
      parameters: z.object({}),
      needsApproval: true,
      execute: () => `paid ${++paid}`,
    });
    const world = createWorld({
      tools: [pay],
      script: ({ results }) =>
        results.length === 0 ? { calls: [{ name: "pay" }] } : { text: results[0]?.text ?? "" },
    });
    return { world, agent: testAgent({ tools: [pay] }), paid: () => paid };
  }

  test("terminating a workflow ends its task within seconds, and says so", async () => {
    const { world, agent } = paying();
    const backend = await bench.open(world);
    const task = await world.create(agent);
    await backend.start(task);
    await parked(world, task);
    await server.client.workflow.getHandle(task.task).terminate();
    expect(await world.ended(task, 15_000)).toMatchObject({ state: "failed", pending: [] });
    expect((await world.entries(task, "ended"))[0]?.body.error?.code).toBe("ENGINE_CLOSED");
  });

  test("a reset to the first workflow task repeats nothing that was recorded", async () => {
    const { world, agent, paid } = paying();
    const backend = await bench.open(world);
    const task = await world.create(agent);
    await backend.start(task);
    await parked(world, task);
    await world.say(task, { kind: "answer", request, answer: { decision: "approve" } });
    await backend.wake(task);
    await world.ended(task);
    const before = await world.log(task);
    const { runId } = await server.client.workflow.getHandle(task.task).describe();
    const run = await resetRun(server, task.task, runId);
    const again = server.client.workflow.getHandle(task.task, run);
    await until(async () => (await again.describe()).status.name === "COMPLETED" || undefined);
    expect(await world.log(task)).toEqual(before);
    expect(paid()).toBe(1);
  });

  test("a reset while the task waits goes on waiting, and then on", async () => {
    const { world, agent, paid } = paying();
    const backend = await bench.open(world);
    const task = await world.create(agent);
    await backend.start(task);
    await parked(world, task);
    const { runId } = await server.client.workflow.getHandle(task.task).describe();
    const run = await resetRun(server, task.task, runId);
    await until(async () => (await world.rowOf(task)).currentRun === run || undefined);
    await world.say(task, { kind: "answer", request, answer: { decision: "approve" } });
    await backend.wake(task);
    expect(await world.ended(task)).toMatchObject({ state: "completed" });
    expect(paid()).toBe(1);
    expect(await world.entries(task, "reply")).toHaveLength(2);
  });

  test("a signal carries an answer, and a wrong one changes nothing", async () => {
    const { world, agent, paid } = paying();
    const backend = await bench.open(world);
    const task = await world.create(agent);
    await backend.start(task);
    await parked(world, task);
    const handle = server.client.workflow.getHandle(task.task);
    const before = await world.log(task);
    const wrong: unknown[][] = [
      ["not an input"],
      [],
      [{ kind: "answer", request: "1/tool/7", answer: { decision: "approve" } }],
      [{ kind: "answer", request, answer: { decision: "answer", value: "x" } }],
      [
        {
          kind: "message",
          id: "m",
          message: { v: 1, role: "user", parts: [{ type: "text", text: "x".repeat(3_000) }] },
        },
      ],
    ];
    for (const given of wrong) await handle.signal("provide_human_input", ...given);
    await handle.signal("nobody_listens_to_this", 1);
    await until(async () => {
      const { events } = await handle.fetchHistory();
      const judged = (events ?? []).filter(
        (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === "accept",
      );
      return judged.length === 3 || undefined;
    });
    await until(async () =>
      (await handle.describe()).raw.pendingActivities?.length === 0 ? true : undefined,
    );
    expect(await world.log(task)).toEqual(before);

    await handle.signal("provide_human_input", { kind: "answer", request, answer: { decision: "approve" } });
    expect(await world.ended(task)).toMatchObject({ state: "completed" });
    expect(paid()).toBe(1);
  });

  test("a signal that nobody can read holds no task", async () => {
    const { world, agent } = paying();
    const backend = await bench.open(world);
    const task = await world.create(agent);
    await backend.start(task);
    await parked(world, task);
    const { SignalWorkflowExecutionRequest } = proto.temporal.api.workflowservice.v1;
    const unreadable = [
      { metadata: {}, data: Buffer.from("garbage") },
      { metadata: { encoding: Buffer.from("json/plain") }, data: Buffer.from("{ not json") },
    ];
    for (const signalName of ["wake", "provide_human_input", "nobody_listens_to_this"]) {
      const asked = { namespace: server.namespace, workflowExecution: { workflowId: task.task }, signalName };
      for (const payload of unreadable) {
        const sent = SignalWorkflowExecutionRequest.fromObject({ ...asked, input: { payloads: [payload] } });
        await server.client.workflowService.signalWorkflowExecution(sent);
      }
    }
    await world.say(task, { kind: "answer", request, answer: { decision: "approve" } });
    await backend.wake(task);
    expect(await world.ended(task)).toMatchObject({ state: "completed" });
  });

  test("a sub-agent whose workflow runs already is waited for, not started again", async () => {
    const child = defineAgent({ name: "child", instructions: "" });
    const parent = defineAgent({ name: "parent", instructions: "", agents: [child] });
    const world = createWorld({
      script: ({ said, results }) => {
        if (said[0] === "go") return { text: "went" };
        return results.length === 0
          ? { calls: [{ name: "child", arguments: { message: "go" } }] }
          : { text: results[0]?.text ?? "" };
      },
    });
    const backend = await bench.open(world);
    const task = await world.create(parent);
    // Its log does not exist yet: the step is tried again until it does.
    const early = await server.client.workflow.start("agentTask", {
      workflowId: `${task.task}.1.0`,
      taskQueue: bench.taskQueue,
      args: [{ tenant: task.tenant, turn: 1, loopVersion: task.loopVersion }],
    });
    await backend.start(task);
    expect(await world.ended(task)).toMatchObject({ state: "completed" });
    expect((await world.entries(task, "ended"))[0]?.body.parts).toMatchObject([{ text: "went" }]);
    const { firstRun } = await world.rowOf({ tenant: task.tenant, task: `${task.task}.1.0` });
    expect(firstRun).toBe(early.firstExecutionRunId);
  });
});
