import { Worker } from "@temporalio/worker";
import { askHumanTool, defineTool } from "omniforge";
import { stepKey, userMessage } from "omniforge/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { workflowBundle as loadBundle } from "../../packages/temporal/src/bundle.ts";
import { identityOf } from "../../packages/temporal/src/identity.ts";
import { bytesOf, readRuns, textIn } from "./history.ts";
import { createBench, type Bench } from "./setup.ts";
import { patience, skipped, startServer, type TestServer } from "./server.ts";
import { createWorld, testAgent, until } from "./world.ts";

const canary = "CANARY-b81f";
const look = defineTool({
  name: "look",
  description: canary,
  parameters: z.object({ text: z.string() }),
  effects: "none",
  execute: ({ text }) => `${canary} ${text} ${"x".repeat(2_000)}`,
});

describe.skipIf(skipped !== "")(`histories${skipped}`, { timeout: patience }, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());
  let bench: Bench;
  beforeEach(() => {
    bench = createBench(server);
  });
  afterEach(() => bench.close());

  test("a turn costs the same however many came before it, and nothing that anybody said is in it", async () => {
    const turns = 300;
    const world = createWorld({
      tools: [look],
      script: ({ results }) =>
        results.length < turns - 1
          ? { text: canary, calls: [{ name: "look", arguments: { text: canary } }] }
          : { text: `${canary} done` },
    });
    const backend = await bench.open(world);
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
    for (const run of runs.slice(0, -1)) {
      const turnsOfRun = run.events.filter(
        (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === "callModel",
      ).length;
      // Beside its turns a run has its start and its end.
      expect(run.events.length - 12 * turnsOfRun).toBeLessThanOrEqual(6);
    }
    for (const run of runs) expect(textIn(run.history)).not.toContain(canary);

    const identities = events.map((event) => event.activityTaskStartedEventAttributes?.identity ?? "");
    expect(new Set(identities)).toEqual(new Set(["", identityOf()]));

    const [opening] = runs.slice(-1).flatMap((run) => run.events);
    expect(Number(opening?.workflowExecutionStartedEventAttributes?.workflowTaskTimeout?.seconds)).toBe(4);

    // A worker that has never seen it runs it from its first event on.
    const workflowBundle = await loadBundle();
    const replayed = Date.now();
    for (const run of runs.slice(0, 2))
      await Worker.runReplayHistory({ workflowBundle }, run.history, task.task);
    console.log(`cold replay of a full run, with its worker's start: ${(Date.now() - replayed) / 2} ms`);
  }, 150_000);

  test("a task that parks with a history parks in a new run, is woken there, and repeats nothing", async () => {
    let replies = 0;
    let looks = 0;
    const counted = defineTool({
      name: "look",
      description: "",
      parameters: z.object({}),
      effects: "none",
      execute: () => `look ${++looks}`,
    });
    const world = createWorld({
      tools: [counted, askHumanTool],
      script: ({ turn, said }) => {
        replies++;
        if (turn === 20) return { calls: [{ name: "ask_human", arguments: { question: "Go on?" } }] };
        return turn < 24 ? { calls: [{ name: "look" }] } : { text: `heard ${said.length}` };
      },
    });
    const backend = await bench.open(world);
    const task = await world.create(testAgent({ tools: [counted, askHumanTool] }));
    await backend.start(task);
    const parked = await until(async () => {
      const row = await world.rowOf(task);
      return row.parkedAtWakes !== null && row.currentRun !== row.firstRun ? row : undefined;
    });
    const handle = server.client.workflow.getHandle(task.task);
    const waiting = await handle.fetchHistory();
    expect(waiting.events?.length).toBeLessThan(40);

    // Whatever is said meanwhile is taken once, however often the task wakes and parks again.
    for (let at = 0; at < 30; at++) {
      await world.say(task, { kind: "message", id: `m${at}`, message: userMessage(`message ${at}`) });
      await backend.wake(task);
      await until(async () =>
        (await world.rowOf(task)).parkedAtWakes === parked.wakes + at + 1 ? true : undefined,
      );
    }
    await world.say(task, {
      kind: "answer",
      request: stepKey(20, "tool", 0),
      answer: { decision: "answer", value: "yes" },
    });
    await backend.wake(task);
    const row = await world.ended(task);
    expect(row.state).toBe("completed");
    expect((await world.entries(task, "ended"))[0]?.body.parts).toMatchObject([{ text: "heard 31" }]);
    expect({ replies, looks }).toEqual({ replies: 24, looks: 22 });
    const runs = await readRuns(server.client, task.task, row.firstRun ?? "");
    console.log(
      `parked and woken 30 times: runs of ${runs.map((run) => run.events.length).join(", ")} events`,
    );
    expect(Math.max(...runs.slice(1).map((run) => run.events.length))).toBeLessThan(250);
  });

  test("a parent with an open sub-agent keeps its run, however much it has done", async () => {
    const child = testAgent({ name: "child", tools: [askHumanTool] });
    const parent = testAgent({ name: "parent", tools: [look], agents: [child] });
    const world = createWorld({
      tools: [look, askHumanTool],
      script: ({ said, turn, results }) => {
        if (said[0] === "child")
          return results.length === 0
            ? { calls: [{ name: "ask_human", arguments: { question: "?" } }] }
            : { text: "asked" };
        if (turn < 12) return { calls: [{ name: "look", arguments: { text: "" } }] };
        return turn === 12
          ? { calls: [{ name: "child", arguments: { message: "child" } }] }
          : { text: "done" };
      },
    });
    const backend = await bench.open(world);
    const task = await world.create(parent, "parent");
    await backend.start(task);
    const asked = { tenant: task.tenant, task: `${task.task}.12.0` };
    await until(async () => {
      const row = await world.store.row(asked);
      return row?.parkedAtWakes === null || row === undefined ? undefined : true;
    });
    // A wake makes it settle and park again, with more than a little history.
    await backend.wake(task);
    await until(async () => ((await world.rowOf(task)).parkedAtWakes === null ? undefined : true));
    await world.say(asked, {
      kind: "answer",
      request: stepKey(1, "tool", 0),
      answer: { decision: "answer", value: "!" },
    });
    await backend.wake(asked);
    const row = await world.ended(task);
    expect(row).toMatchObject({ state: "completed", currentRun: row.firstRun });
    expect(await world.rowOf(asked)).toMatchObject({ state: "completed" });
  });

  test("failures reach the history as codes, whatever their messages say", async () => {
    let tried = 0;
    const broken = defineTool({
      name: "broken",
      description: "",
      parameters: z.object({}),
      effects: "idempotent",
      retry: { maximumAttempts: 2, initialIntervalMs: 50 },
      execute: () => {
        throw new Error(canary);
      },
    });
    const world = createWorld({
      tools: [broken],
      script: ({ turn }) => {
        if (++tried === 1) return { fail: { status: 500, message: canary, retryAfterMs: 50 } };
        return turn === 1 ? { calls: [{ name: "broken" }] } : { text: canary };
      },
    });
    const { transcripts } = world;
    let loads = 0;
    const failing = {
      ...world,
      transcripts: {
        ...transcripts,
        load: (...of: Parameters<typeof transcripts.load>) =>
          ++loads === 1 ? Promise.reject(new TypeError(canary)) : transcripts.load(...of),
      },
    };
    const backend = await bench.open(failing);
    const task = await world.create(testAgent({ tools: [broken], modelRetry: { initialIntervalMs: 50 } }));
    await backend.start(task);
    const row = await world.ended(task);
    expect(row.state).toBe("completed");
    expect(bench.errors).toHaveLength(1);
    const [run] = await readRuns(server.client, task.task, row.firstRun ?? "");
    const text = textIn(run?.history);
    expect(text).toContain("TOOL_FAILED");
    expect(text).not.toContain(canary);
    expect(text).not.toContain(process.cwd());
  });
});
