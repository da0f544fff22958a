/**
 * Telling a Temporal server about tasks: start, wake, cancel, look.
 *
 * Owns: workflow ids (a task's id, exactly), what makes a start idempotent, time limits of calls, and what counts as
 * somebody who works. Knows no log: what to start with is given.
 */
import {
  Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Connection,
} from "@temporalio/client";
import type { EngineState } from "omniforge/backend";
import { openConnection } from "./connection.ts";
import type { Place } from "./options.ts";
import { codeOf, notFound, permissionDenied, reach } from "./reach.ts";
import { createLabelling, isNotPermitted, isUnknownAttribute } from "./search-attributes.ts";
import { labelsOf, type TaskLabels } from "./sandbox/labels.ts";
import { wakeSignal, workflowTaskTimeoutMs, workflowType, type TaskInput } from "./sandbox/contract.ts";

/** A call that takes longer may have been applied; every one of them may be repeated. */
const callTimeoutMs = 10_000;
/** Somebody waits for the answer, and can ask again. */
const lookupTimeoutMs = 2_000;

/** What was closed from outside is looked for among what closed in this time: longer than the server's list may be behind. */
const lookBackMs = 120_000;
const mostClosed = 1_000;
const endedByHand = 'ExecutionStatus IN ("Terminated", "TimedOut", "Failed", "Canceled")';

/** A worker asks at least this often. */
const longestPollMs = 75_000;
/** A workflow task that nobody has taken for this long is nobody's: those that poll are gone. */
const leftAloneSeconds = 3;

export interface TemporalClient {
  /** The first run's id; undefined when a workflow of this id has run before and is closed. */
  start(task: string, input: TaskInput, labels: TaskLabels): Promise<string | undefined>;
  /** Whether a running workflow was told. */
  wake(task: string): Promise<boolean>;
  /** Whether a running workflow was told. */
  cancel(task: string): Promise<boolean>;
  describe(task: string): Promise<EngineState>;
  /** The namespace's own id, which no other namespace has; undefined where it may not be looked at. */
  namespaceId(): Promise<string | undefined>;
  /** Tasks whose workflow was closed lately, and not by running to its end, from the server's list: it may be behind. */
  closedOutside(): Promise<readonly string[]>;
  /** The task of a run, from the server's list: a run that began just now may be missing there. */
  taskOfRun(run: string): Promise<string | undefined>;
  /** Whether a worker takes what is started. One that has just died may be taken for alive for a minute. */
  isAnyoneWorking(): Promise<boolean>;
  /** Deletes all runs of a task, those that are known and those that are found; whether there were none. */
  forget(task: string, known: readonly (string | null | undefined)[]): Promise<boolean>;
  close(): Promise<void>;
}

/** Connects to the server. Throws ENGINE_UNREACHABLE when it does not answer in time. */
export async function connectClient(place: Place): Promise<TemporalClient> {
  const { namespace, taskQueue } = place;
  const { connection, during, close } = await openConnection(place);
  const { workflow } = new Client({ connection, namespace });
  const call = <Value>(perform: () => Promise<Value>, limitMs = callTimeoutMs): Promise<Value> =>
    during(() => reach(place, () => connection.withDeadline(Date.now() + limitMs, perform)));

  const labelling = await createLabelling(place, {
    operatorService: connection.operatorService,
    withDeadline: (deadline, perform) => during(() => connection.withDeadline(deadline, perform)),
  });

  async function startWorkflow(
    task: string,
    input: TaskInput,
    labels: TaskLabels,
    labelled: boolean,
  ): Promise<string | undefined> {
    try {
      const { firstExecutionRunId } = await workflow.start(workflowType, {
        workflowId: task,
        taskQueue,
        args: [labelled ? { ...input, labelled } : input],
        workflowIdConflictPolicy: "USE_EXISTING",
        workflowIdReusePolicy: "REJECT_DUPLICATE",
        workflowTaskTimeout: workflowTaskTimeoutMs,
        staticSummary: labels.agent,
        ...(labelled && { typedSearchAttributes: labelsOf(input.tenant, labels) }),
      });
      return firstExecutionRunId;
    } catch (thrown) {
      if (thrown instanceof WorkflowExecutionAlreadyStartedError) return undefined;
      throw thrown;
    }
  }

  return {
    async start(task, input, labels) {
      const on = await labelling.isOn();
      try {
        return await call(() => startWorkflow(task, input, labels, on));
      } catch (thrown) {
        if (!on || !isUnknownAttribute(thrown)) throw thrown;
        labelling.off();
        return call(() => startWorkflow(task, input, labels, false));
      }
    },
    wake: (task) => call(() => told(() => workflow.getHandle(task).signal(wakeSignal))),
    cancel: (task) => call(() => told(() => workflow.getHandle(task).cancel())),
    describe: (task) =>
      call(async () => {
        try {
          const { status } = await workflow.getHandle(task).describe();
          return status.name === "RUNNING" || status.name === "PAUSED" ? "running" : "closed";
        } catch (thrown) {
          if (thrown instanceof WorkflowNotFoundError) return "not-found";
          throw thrown;
        }
      }),
    namespaceId: () =>
      call(async () => {
        try {
          const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace });
          return namespaceInfo?.id ?? undefined;
        } catch (thrown) {
          if (codeOf(thrown) === permissionDenied) return undefined;
          throw thrown;
        }
      }),
    closedOutside: () =>
      call(async () => {
        const since = new Date(Date.now() - lookBackMs).toISOString();
        const tasks = new Set<string>();
        const query = `WorkflowType = "${workflowType}" AND TaskQueue = ${JSON.stringify(taskQueue)} AND ${endedByHand} AND CloseTime > "${since}"`;
        try {
          for await (const { workflowId } of workflow.list({ query })) {
            tasks.add(workflowId);
            if (tasks.size === mostClosed) break;
          }
        } catch (thrown) {
          // Whoever may not list finds them by asking for one after the other.
          if (!isNotPermitted(thrown)) throw thrown;
        }
        return [...tasks];
      }),
    taskOfRun: (run) =>
      call(async () => {
        for await (const { workflowId } of workflow.list({ query: `RunId = "${run}"` })) return workflowId;
        return undefined;
      }, lookupTimeoutMs),
    isAnyoneWorking: () =>
      call(async () => {
        const asked = { namespace, taskQueue: { name: taskQueue }, reportStats: true };
        const { pollers, stats } = await connection.workflowService.describeTaskQueue(asked);
        const polledAt = (pollers ?? []).map(
          ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000,
        );
        const polled = Math.max(...polledAt, 0) > Date.now() - longestPollMs;
        return polled && Number(stats?.approximateBacklogAge?.seconds ?? 0) < leftAloneSeconds;
      }),
    forget: (task, known) =>
      call(async () => {
        const runs = new Set(known.filter((run) => typeof run === "string"));
        // By its id alone only the latest is found; and a run that began just now may be missing in the list.
        for await (const { runId } of workflow.list({ query: `WorkflowId = "${task}"` })) runs.add(runId);
        const deleted = [];
        for (const runId of [...runs, ""]) deleted.push(await deleteRun(connection, namespace, task, runId));
        return !deleted.includes(true);
      }),
    close,
  };
}

/** Always by the workflow's id alone: the run's changes whenever the task continues as new. */
async function told(tell: () => Promise<unknown>): Promise<boolean> {
  try {
    await tell();
    return true;
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return false;
    throw thrown;
  }
}

/** Whether there was such a run; without a run id: the latest. One that still runs ends by it. */
async function deleteRun(
  { workflowService }: Pick<Connection, "workflowService">,
  namespace: string,
  workflowId: string,
  runId: string,
): Promise<boolean> {
  try {
    await workflowService.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId, runId } });
    return true;
  } catch (thrown) {
    if (codeOf(thrown) === notFound) return false;
    throw thrown;
  }
}
