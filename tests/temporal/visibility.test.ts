/** What stock tools see of tasks: names, ids and states, and nothing that anybody said. */
import { Client } from "@temporalio/client";
import { temporal as api } from "@temporalio/proto";
import { askHumanTool, defineTool } from "omniforge";
import { stepKey } from "omniforge/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { inspect, setUp, type TemporalOptions } from "../../packages/temporal/src/index.ts";
import { readRuns, textIn } from "./history.ts";
import { createPlace, type Place } from "./namespace.ts";
import { createBench, type Bench } from "./setup.ts";
import { patience, skipped, startServer, type TestServer } from "./server.ts";
import { createWorld, testAgent, until } from "./world.ts";

const { EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: upserted } = api.api.enums.v1.EventType;
const canary = "CANARY-52aa";
const look = defineTool({
  name: "look",
  description: canary,
  parameters: z.object({ text: z.string() }),
  effects: "none",
  execute: ({ text }) => text,
});
const names = ["OmniForgeAgent", "OmniForgeTenant", "OmniForgeRoot", "OmniForgeState"];

describe.skipIf(skipped !== "")(`what is seen of a task${skipped}`, { timeout: patience }, () => {
  let server: TestServer;
  let place: Place;
  let bench: Bench;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    // Of its own: search attributes are registered once, and for good.
    place = await createPlace(server);
    bench = createBench({ ...server, namespace: place.namespace });
  });
  afterEach(() => bench.close());

  const found = async (query: string): Promise<string[]> => {
    const { executions } = await server.client.workflowService.listWorkflowExecutions({
      namespace: place.namespace,
      query,
    });
    // Each run of a task is one.
    return [...new Set((executions ?? []).map(({ execution }) => execution?.workflowId ?? ""))].toSorted();
  };

  test("a server that knows no search attributes runs tasks all the same, and it is said once", async () => {
    const notices: string[] = [];
    const world = createWorld({ script: () => ({ text: "done" }) });
    const backend = await bench.open(world, { onNotice: (notice) => notices.push(notice) });
    for (let at = 0; at < 2; at++) {
      const task = await world.create(testAgent());
      await backend.start(task);
      expect(await world.ended(task)).toMatchObject({ state: "completed" });
    }
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain("OmniForgeState");
    expect(await inspect(place)).toMatchObject({ namespace: place.namespace, missing: names });
    expect(bench.errors).toEqual([]);
  });

  test("set up, once, tasks are found by agent, tenant, root and state; nothing that anybody said is in it", async () => {
    expect(await setUp(place)).toEqual(names);
    expect(await inspect(place)).toMatchObject({ missing: [] });
    expect(await inspect(place)).toMatchObject({ missing: [] });
    // Registered is not yet known everywhere in the server.
    await until(async () =>
      (await found('OmniForgeState = "none"').catch(() => undefined)) ? true : undefined,
    );
    expect(await setUp(place)).toEqual([]);

    const child = testAgent({ name: "child", description: canary });
    const parent = testAgent({
      name: "parent",
      tools: [look, askHumanTool],
      agents: [child],
      instructions: canary,
    });
    const world = createWorld({
      tools: [look, askHumanTool],
      script: ({ said, turn }) => {
        if (said[0] === "child") return { text: canary };
        if (turn === 1) return { calls: [{ name: "child", arguments: { message: "child" } }] };
        // More than a little history: the task parks in a new run.
        if (turn < 10) return { text: canary, calls: [{ name: "look", arguments: { text: canary } }] };
        return turn === 10
          ? { calls: [{ name: "ask_human", arguments: { question: canary } }] }
          : { text: canary };
      },
    });
    const backend = await bench.open(world);
    const task = await world.create(parent, canary);
    await backend.start(task);
    const parked = await until(async () => {
      const row = await world.rowOf(task);
      return row.parkedAtWakes !== null && row.currentRun !== row.firstRun ? row : undefined;
    }, patience);
    const eventually = (query: string, ids: readonly string[]): Promise<unknown> =>
      until(async () => ((await found(query)).join(" ") === ids.join(" ") ? true : undefined), patience);
    const asked = 'ExecutionStatus = "Running" AND OmniForgeState = "input-required"';
    await eventually(asked, [task.task]);
    const described = await server.client.workflowService.describeWorkflowExecution({
      namespace: place.namespace,
      execution: { workflowId: task.task, runId: parked.firstRun },
    });
    expect(textIn(described.executionConfig?.userMetadata)).toContain('"parent"');

    const answer = { decision: "answer" as const, value: canary };
    await world.say(task, { kind: "answer", request: stepKey(10, "tool", 0), answer });
    await backend.wake(task);
    await world.ended(task);
    await eventually('OmniForgeState = "completed"', [task.task, `${task.task}.1.0`]);
    await eventually(`OmniForgeRoot = "${task.task}" AND OmniForgeAgent = "child"`, [`${task.task}.1.0`]);
    await eventually(`OmniForgeTenant = "${task.tenant}" AND OmniForgeAgent = "parent"`, [task.task]);

    const row = await world.rowOf(task);
    const client = new Client({ connection: server.client.connection, namespace: place.namespace });
    const runs = await readRuns(client, task.task, row.firstRun ?? "");
    const upserts = runs.map(({ events }) => events.filter(({ eventType }) => eventType === upserted).length);
    // It asked, it went on, it ended; the run that parked it had said that it asks.
    expect(upserts.reduce((sum, one) => sum + one)).toBe(3);
    for (const { history } of runs) expect(textIn(history)).not.toContain(canary);
    expect(bench.errors).toEqual([]);
  });

  test("a tool call says its tool's name, or what was asked for of it; a summary that fails costs only itself", async () => {
    const seen = async (summarize?: TemporalOptions["summarize"]): Promise<string> => {
      const world = createWorld({
        tools: [look],
        script: ({ turn }) =>
          turn === 1 ? { calls: [{ name: "look", arguments: { text: canary } }] } : { text: "done" },
      });
      const backend = await bench.open(world, summarize && { summarize });
      const task = await world.create(testAgent({ tools: [look] }));
      await backend.start(task);
      await world.ended(task);
      const { firstRun } = await world.rowOf(task);
      const client = new Client({ connection: server.client.connection, namespace: place.namespace });
      const [run] = await readRuns(client, task.task, firstRun ?? "");
      const scheduled = run?.events.find(
        (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === "callTool",
      );
      expect(textIn(scheduled?.activityTaskScheduledEventAttributes?.input)).not.toMatch(/summary|CANARY/);
      // All share a queue: whoever stays would be handed the next one's steps.
      await backend.close();
      return textIn(scheduled?.userMetadata);
    };
    expect(await seen()).toContain('"look"');
    expect(await seen(({ tool, arguments: given }) => `${tool}: ${JSON.stringify(given)}`)).toContain(canary);
    expect(bench.errors).toEqual([]);
    const broken = new Error("no summary");
    const failing = (): never => {
      throw broken;
    };
    expect(await seen(failing)).toContain('"look"');
    expect(bench.errors).toEqual([broken]);
  });
});
