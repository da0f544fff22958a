/**
 * The hand-written workflow as a backend, so that it is given its tasks as OmniForge's own is. Its activities make the same
 * commits in the same store, and nothing else: no look into the log, no heartbeat, no model, no tool.
 */
import { fileURLToPath } from "node:url";
import { Client, Connection } from "@temporalio/client";
import { Context } from "@temporalio/activity";
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from "@temporalio/worker";
import type { BackendFactory } from "omniforge/backend";
import { entry, stepKey, type NewEntry } from "omniforge/protocol";
import type { StepWorld } from "omniforge/steps";
import { identityOf } from "../../packages/temporal/src/identity.ts";
import { resultText } from "../work.ts";
import type { HandActivities } from "./hand-workflow.ts";

export interface HandOptions {
  readonly address: string;
  readonly taskQueue: string;
  /** Of every task. */
  readonly turns: number;
  /** When a model call begins. */
  readonly onTurn: () => void;
}

const bundled = bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL("hand-workflow.ts", import.meta.url)),
  logger: new DefaultLogger("WARN"),
});

export function handWritten({ address, taskQueue, turns, onTurn }: HandOptions): BackendFactory {
  return async (world, { work }) => {
    const connection = await Connection.connect({ address });
    const { workflow } = new Client({ connection });
    const stop = work ? await startWorker(world, { address, taskQueue, onTurn }) : () => Promise.resolve();
    return {
      name: "temporal",
      async start({ tenant, task }) {
        await workflow.start("handWritten", {
          workflowId: task,
          taskQueue,
          args: [{ tenant, turns }],
          workflowTaskTimeout: 4_000,
        });
      },
      wake: () => Promise.resolve(),
      cancel: () => Promise.resolve(),
      describe: () => Promise.resolve("running"),
      isAnyoneWorking: () => Promise.resolve(true),
      forget: () => Promise.resolve(true),
      async close() {
        await stop();
        await connection.close();
      },
    };
  };
}

/** With the figures of OmniForge's own worker. */
async function startWorker(
  world: StepWorld,
  { address, taskQueue, onTurn }: Omit<HandOptions, "turns">,
): Promise<() => Promise<void>> {
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: await bundled,
    activities: { ...activities(world, onTurn) },
    identity: identityOf(),
    buildId: "1",
    maxConcurrentActivityTaskExecutions: 100,
    maxConcurrentWorkflowTaskExecutions: 4,
    maxCachedWorkflows: 500,
    maxHeartbeatThrottleInterval: 1_000,
    stickyQueueScheduleToStartTimeout: 1_000,
  });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    await connection.close();
  };
}

function activities(world: StepWorld, onTurn: () => void): HandActivities {
  const commit = async (tenant: string, entries: NewEntry[], turn?: number): Promise<void> => {
    const task = Context.current().info.workflowExecution?.workflowId ?? "";
    const [first] = entries;
    await world.store.commit({
      tenant,
      task,
      entries,
      at: Date.now(),
      ...(first?.key !== undefined && { key: first.key }),
      ...(turn !== undefined && { turn, opensTurn: first?.kind === "reply" }),
    });
  };
  return {
    async model({ tenant, turn, last }) {
      onTurn();
      await commit(tenant, [last ? answerOf(turn) : callOf(turn)], turn);
    },
    tool: ({ tenant, turn }) => commit(tenant, [resultOf(turn)], turn),
    end: ({ tenant }) =>
      commit(tenant, [entry("ended", { state: "completed", parts: [{ type: "text", text: "done" }] })]),
  };
}

const usage = { inputTokens: 10, outputTokens: 5 };
const replied = { model: "bench:model", took: [], usage };

/** As the engine's: see protocol/entry.ts. */
function callOf(turn: number): NewEntry {
  const call = {
    index: 0,
    key: stepKey(turn, "tool", 0),
    name: "look",
    runs: "tool" as const,
    effects: "none" as const,
    timeoutMs: 60_000,
  };
  const part = { type: "tool-call" as const, index: 0, callId: "call", name: "look", arguments: { turn } };
  const body = {
    ...replied,
    turn,
    outcome: "calls" as const,
    parts: [part],
    calls: [call],
    stop: "tool-calls",
  };
  return entry("reply", body, stepKey(turn, "model", 0));
}

function answerOf(turn: number): NewEntry {
  const parts = [{ type: "text" as const, text: "done" }];
  const body = { ...replied, turn, outcome: "answer" as const, parts, calls: [], stop: "stop" };
  return entry("reply", body, stepKey(turn, "model", 0));
}

function resultOf(turn: number): NewEntry {
  const parts = [{ type: "text" as const, text: resultText(turn) }];
  return entry("result", { name: "look", status: "result", parts, durationMs: 0 }, stepKey(turn, "tool", 0));
}
