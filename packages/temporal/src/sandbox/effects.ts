/**
 * The loop's effects as Temporal performs them: model and tool calls are activities, sub-agents are child workflows,
 * waiting for a person is a condition on the wake counter.
 *
 * Owns: which activity is scheduled under which time limits, when a run ends so that its successor starts with an empty
 * history, and how Temporal's cancellation becomes the loop's. Does not own what a step does, nor when a failed one is
 * tried again: the activity says so, and the server does it.
 *
 * Invariants: a run continues as new only at a turn boundary or while parked, never with an open child (that counts as
 * closing), and never when it has only re-run what the run before it had done.
 */
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  ParentClosePolicy,
  WorkflowIdReusePolicy,
  condition,
  isCancellation,
  proxyActivities,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
  type ActivityOptions,
} from "@temporalio/workflow";
import { Cancelled, Suspended, type Effects } from "omniforge/loop";
import type { Call, TaskState } from "omniforge/protocol";
import {
  workflowTaskTimeoutMs,
  workflowType,
  type AgentActivities,
  type Outcome,
  type TaskInput,
} from "./contract.ts";
import { fanOut } from "./fan-out.ts";
import { labelsOf, stateKey, stateLabel, type TaskLabels } from "./labels.ts";

/** Events after which a run ends at the next turn boundary: replaying more would outlast a workflow task. */
const fullHistory = 500;
/** A task that parks with more than this many events parks in a new run, and is replayed in milliseconds. */
const parkedHistory = 100;
/** A backstop: the step itself keeps the agent's time limits. */
const modelTimeoutMs = 11 * 60_000;
const quickTimeoutMs = 60_000;
/** For what a tool step does around its tool: the claim, the grace time of a cancelled one, the record. */
const graceMs = 30_000;

/** Losing a worker uses up no attempt: no cap, no schedule-to-close. Failing steps name their own next attempt. */
const unlimited: ActivityOptions = {
  heartbeatTimeout: 3_000,
  cancellationType: "WAIT_CANCELLATION_COMPLETED",
  retry: { initialInterval: 200, backoffCoefficient: 2, maximumInterval: 30_000 },
};

/** What the handlers of signals and the effects share. */
export interface Wakes {
  count: number;
}

export interface TaskEffects extends Effects {
  /** Why the loop was suspended: parked, to be continued as new, or ended, because the log has. */
  suspended(): "parked" | "ended" | undefined;
}

export function taskEffects(input: TaskInput, wakes: Wakes): TaskEffects {
  const { tenant, queues = {} } = input;
  let progress = input.rerun !== true;
  let suspended: "parked" | "ended" | undefined;
  let openChildren = 0;

  const quick = proxyActivities<AgentActivities>({ ...unlimited, startToCloseTimeout: quickTimeoutMs });
  const model = proxyActivities<AgentActivities>({
    ...unlimited,
    startToCloseTimeout: input.modelTimeoutMs ?? modelTimeoutMs,
    ...(queues.model !== undefined && { taskQueue: queues.model }),
  });
  const tool = ({ name, summary = name, queue = queues.tools, timeoutMs }: Call): AgentActivities =>
    proxyActivities<AgentActivities>({
      ...unlimited,
      startToCloseTimeout: timeoutMs + graceMs,
      summary,
      ...(queue !== undefined && { taskQueue: queue }),
    });

  /** The step's value; cancellation and the log's end become the loop's two typed errors. */
  async function value<Value>(step: Promise<Outcome<Value>>): Promise<Value> {
    const outcome = await cancellable(step);
    if (outcome.kind === "done") return outcome.value;
    if (outcome.kind === "canceled") throw new Cancelled();
    suspended = "ended";
    throw new Suspended();
  }

  /** The summary is the server's to show, and nobody's to be told. */
  function callTool(call: Call): Promise<Call | "done"> {
    const { summary: _shown, ...told } = call;
    return value(tool(call).callTool({ tenant, call: told }));
  }

  async function openChild(call: Call): Promise<Call | "done"> {
    const opened = await value(quick.openChild({ tenant, call }));
    if (opened === "done") return "done";
    if (opened.start !== undefined && call.child !== undefined)
      await startTask(call.child, opened.start, opened.labels);
    return opened.call;
  }

  /** Each is an event: only what a person may look for is shown, when it has changed. The run before may have shown it. */
  function show(state: TaskState): void {
    if (input.labelled !== true) return;
    if (workflowInfo().typedSearchAttributes.get(stateKey) !== state)
      upsertSearchAttributes([stateLabel(state)]);
  }

  async function startTask(task: string, start: TaskInput, labels?: TaskLabels): Promise<void> {
    const { labelled } = input;
    try {
      const child = await cancellable(
        startChild(workflowType, {
          workflowId: task,
          args: [labelled ? { ...start, labelled } : start],
          ...(labels && { staticSummary: labels.agent }),
          ...(labelled && labels && { typedSearchAttributes: labelsOf(tenant, labels) }),
          parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
          cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
          workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
          workflowTaskTimeout: workflowTaskTimeoutMs,
        }),
      );
      openChildren++;
      const closed = (): void => {
        openChildren--;
        wakes.count++;
      };
      void child.result().then(closed, closed);
    } catch (thrown) {
      // Started before, by a reset run or by the reconciler: its end is told to this task by a wake.
      if (!(thrown instanceof Error && thrown.name === "WorkflowExecutionAlreadyStartedError")) throw thrown;
    }
  }

  return {
    suspended: () => suspended,

    callModel(turn) {
      if (turn > input.turn) progress = true;
      return value(model.callModel({ tenant, turn }));
    },

    async callTools(_turn, calls) {
      const outcomes = await fanOut(calls, (call) =>
        call.runs === "agent" ? openChild(call) : callTool(call),
      );
      return outcomes.filter((one) => one !== "done");
    },

    async awaitInputs(_turn, calls) {
      for (;;) {
        const seen = wakes.count;
        const { ready, waiting, nextInMs } = await value(quick.settleInputs({ tenant, calls }));
        if (waiting.length === 0) {
          progress = true;
          show("working");
          return calls
            .filter(({ index }) => ready.includes(index))
            .map(({ waits: _settled, ...call }) => call);
        }
        const asks = calls.some(({ index, waits }) => waits !== "child" && waiting.includes(index));
        show(asks ? "input-required" : "working");
        if (progress && openChildren === 0 && workflowInfo().historyLength > parkedHistory) {
          suspended = "parked";
          throw new Suspended();
        }
        const woken = (): boolean => wakes.count > seen;
        await cancellable<unknown>(nextInMs === undefined ? condition(woken) : condition(woken, nextInMs));
        progress = true;
      }
    },

    compact: (turn) => value(model.compact({ tenant, turn })),

    async finish(turn, ending) {
      const finished = await CancellationScope.nonCancellable(() =>
        value(quick.finish({ tenant, turn, ending })),
      );
      if (finished === "more") return "more";
      if (finished !== "finished") show(finished);
      return "finished";
    },

    shouldYield() {
      const { historyLength, continueAsNewSuggested } = workflowInfo();
      return progress && openChildren === 0 && (historyLength > fullHistory || continueAsNewSuggested);
    },
  };
}

async function cancellable<Value>(effect: Promise<Value>): Promise<Value> {
  try {
    return await effect;
  } catch (thrown) {
    if (isCancellation(thrown)) throw new Cancelled();
    throw thrown;
  }
}
