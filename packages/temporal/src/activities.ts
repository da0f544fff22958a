/**
 * The steps as activities: each performs one attempt, as `omniforge/steps` defines it.
 *
 * Owns: what of a step's result goes into the history, noting which run executes a task, and noting what a waiting task
 * waits for, so that a lost wake is told again.
 */
import { Context } from "@temporalio/activity";
import {
  OmniForgeError,
  input as inputShape,
  stepKey,
  type Call,
  type Reply,
  type Settled,
} from "omniforge/protocol";
import {
  accept,
  callModel,
  callTool,
  compact,
  createRoom,
  finish,
  openChild,
  settleInputs,
  type Attempt,
  type StepResult,
} from "omniforge/steps";
import { amongOthers } from "./deaths.ts";
import { performStep, type StepRunner } from "./perform-step.ts";
import type { AgentActivities, Finished, HandInput, OpenedChild, SettledCalls } from "./sandbox/contract.ts";
import { withSummaries } from "./summaries.ts";
import { taskInput } from "./task-input.ts";

export function createActivities(runner: StepRunner): AgentActivities {
  const { world, place } = runner;
  const { executions } = world.store;
  const room = createRoom();
  const noteRun = runNoter(runner);

  async function opened(attempt: Attempt, call: Call): Promise<StepResult<OpenedChild | "done">> {
    const result = await openChild(world, attempt, call);
    if (result.kind !== "done" || result.value === "done" || call.child === undefined) return narrow(result);
    const child = await world.store.row({ tenant: attempt.tenant, task: call.child });
    const start = child && (await taskInput(world, child, place));
    if (child === undefined || start === undefined) return { kind: "done", value: { call: result.value } };
    const { agent, root } = child;
    return { kind: "done", value: { call: result.value, start, labels: { agent, root } } };
  }

  async function settled(attempt: Attempt, calls: readonly Call[]): Promise<StepResult<SettledCalls>> {
    const result = await settleInputs(world, attempt, calls);
    if (result.kind !== "done") return result;
    const { ready, waiting, nextAt, wakes } = result.value;
    if (waiting.length > 0)
      await executions.park(attempt, { wakes, ...(nextAt !== undefined && { nextAt }) });
    else await unpark(attempt);
    const nextInMs = nextAt === undefined ? undefined : Math.max(1, Math.ceil(nextAt - world.now()));
    return {
      kind: "done",
      value: {
        ready: indices(ready),
        waiting: indices(waiting),
        ...(nextInMs !== undefined && { nextInMs }),
      },
    };
  }

  /** A task that runs is not woken by the reconciler. Its fence never moves here: it has no owner but the server. */
  async function unpark(attempt: Attempt): Promise<void> {
    const row = await world.store.row(attempt);
    if (row !== undefined && row.parkedAtWakes !== null) await executions.release(attempt, row.fence);
  }

  return {
    callModel: ({ tenant, turn }) =>
      performStep(runner, tenant, async (attempt) => {
        await noteRun(attempt);
        const result = await amongOthers(world, room, stepKey(turn, "model", 0), attempt, () =>
          callModel(world, attempt, turn),
        );
        if (result.kind !== "done") return result;
        const reply = openOnly(result.value);
        return { kind: "done", value: await withSummaries(world, place, attempt, turn, reply) };
      }),
    callTool: ({ tenant, call }) =>
      performStep(runner, tenant, (attempt) =>
        amongOthers(world, room, call.key, attempt, () => callTool(world, attempt, call)),
      ),
    openChild: ({ tenant, call }) => performStep(runner, tenant, (attempt) => opened(attempt, call)),
    settleInputs: ({ tenant, calls }) => performStep(runner, tenant, (attempt) => settled(attempt, calls)),
    compact: ({ tenant, turn }) =>
      performStep(runner, tenant, (attempt) =>
        amongOthers(world, room, stepKey(turn, "compact", 0), attempt, () => compact(world, attempt, turn)),
      ),
    finish: ({ tenant, turn, ending }) =>
      performStep<Finished>(runner, tenant, async (attempt) => {
        const result = await finish(world, attempt, turn, ending);
        if (result.kind !== "done" || result.value === "more") return result;
        // What was accepted meanwhile may have ended it otherwise than the loop asked.
        const row = await world.store.row(attempt);
        return { kind: "done", value: row?.state ?? result.value };
      }),

    async accept({ tenant, input }) {
      const outcome = await performStep<HandInput>(runner, tenant, async (attempt) => {
        const parsed = inputShape.safeParse(input);
        if (!parsed.success) return { kind: "done", value: { refused: "INVALID_INPUT" } };
        try {
          await accept(world, attempt, parsed.data);
          return { kind: "done", value: {} };
        } catch (thrown) {
          // What the log refuses is an answer to whoever sent it; what failed is tried again.
          if (!OmniForgeError.is(thrown) || thrown.retryable) throw thrown;
          return { kind: "done", value: { refused: thrown.code } };
        }
      });
      return outcome.kind === "done" ? outcome.value : { refused: "TASK_ENDED" };
    },
  };
}

/** The loop skips calls that have their outcome. Of a reply of thousands, most are refused: no history should hold them. */
function openOnly(reply: Reply): Reply {
  if (reply.kind !== "calls") return reply;
  return { kind: "calls", calls: reply.calls.filter(({ done }) => done !== true) };
}

const indices = (calls: Settled["ready"]): readonly number[] => calls.map(({ index }) => index);

function narrow(result: StepResult<Call | "done">): StepResult<OpenedChild | "done"> {
  if (result.kind !== "done") return result;
  return { kind: "done", value: result.value === "done" ? "done" : { call: result.value } };
}

/** The runs noted by this process; every run begins with a model step. */
const remembered = 10_000;

function runNoter({ world }: StepRunner): (attempt: Attempt) => Promise<void> {
  const runs = new Set<string>();
  return async ({ tenant, task }) => {
    const run = Context.current().info.workflowExecution?.runId;
    if (run === undefined || runs.has(run)) return;
    const row = await world.store.row({ tenant, task });
    // A workflow may be there before its task's log is.
    if (row === undefined) return;
    if (row.currentRun !== run) await world.store.executions.recordRun(row, run);
    if (runs.size >= remembered) runs.clear();
    runs.add(run);
  };
}
