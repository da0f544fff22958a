/**
 * Telling a Temporal server about tasks: start, wake, cancel, look.
 *
 * Owns: workflow ids (a task's id, exactly), what makes a start idempotent, time limits of calls, and turning a server
 * that does not answer into ENGINE_UNREACHABLE. Knows no log: what to start with is given.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  Client,
  Connection,
  type ConnectionLike,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  isGrpcServiceError,
} from "@temporalio/client";
import type { EngineState } from "omniforge/backend";
import { OmniForgeError } from "omniforge/protocol";
import type { Place } from "./options.ts";
import { wakeSignal, workflowTaskTimeoutMs, workflowType, type TaskInput } from "./sandbox/contract.ts";

/** A call that takes longer may have been applied; every one of them may be repeated. */
const callTimeoutMs = 10_000;

export interface TemporalClient {
  /** The first run's id; undefined when a workflow of this id has run before and is closed. */
  start(task: string, input: TaskInput): Promise<string | undefined>;
  /** Whether a running workflow was told. */
  wake(task: string): Promise<boolean>;
  /** Whether a running workflow was told. */
  cancel(task: string): Promise<boolean>;
  describe(task: string): Promise<EngineState>;
  close(): Promise<void>;
}

/** Connects to the server. Throws ENGINE_UNREACHABLE when it does not answer in time. */
export async function connectClient(place: Place): Promise<TemporalClient> {
  const { namespace, taskQueue, connectTimeoutMs } = place;
  const connection = await reach(place, () =>
    Connection.connect({ ...place.connection, connectTimeout: connectTimeoutMs }),
  );
  try {
    await namespaceThere(place, connection);
  } catch (thrown) {
    await connection.close();
    throw thrown;
  }
  const { workflow } = new Client({ connection, namespace });
  const call = <Value>(perform: () => Promise<Value>): Promise<Value> =>
    reach(place, () => connection.withDeadline(Date.now() + callTimeoutMs, perform));

  return {
    start: (task, input) =>
      call(async () => {
        try {
          const { firstExecutionRunId } = await workflow.start(workflowType, {
            workflowId: task,
            taskQueue,
            args: [input],
            workflowIdConflictPolicy: "USE_EXISTING",
            workflowIdReusePolicy: "REJECT_DUPLICATE",
            workflowTaskTimeout: workflowTaskTimeoutMs,
          });
          return firstExecutionRunId;
        } catch (thrown) {
          if (thrown instanceof WorkflowExecutionAlreadyStartedError) return undefined;
          throw thrown;
        }
      }),
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
    close: () => connection.close(),
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

/** Throws ENGINE_UNREACHABLE when the server has no such namespace; one that has just started gets its time. */
export async function namespaceThere(
  place: Place,
  { workflowService }: Pick<ConnectionLike, "workflowService">,
): Promise<void> {
  const { address, namespace } = place;
  const deadline = Date.now() + place.connectTimeoutMs;
  for (;;) {
    try {
      await reach(place, () => workflowService.describeNamespace({ namespace }));
      return;
    } catch (thrown) {
      const code: number | undefined = isGrpcServiceError(thrown) ? thrown.code : undefined;
      if (code === permissionDenied) return;
      if (code !== notFound) throw thrown;
      if (Date.now() >= deadline) {
        const message =
          `the Temporal server at ${address} has no namespace ${namespace}. ` +
          "Create it, or say which one to use (TEMPORAL_NAMESPACE, or the namespace option).";
        throw new OmniForgeError("ENGINE_UNREACHABLE", message, { cause: thrown });
      }
      await sleep(200);
    }
  }
}

const notFound = 5;
/** May not look, and may well be allowed to use it. */
const permissionDenied = 7;
/** gRPC's codes for a server that is not there, or not in time. */
const unreachable = new Set([4, 14]);

/** Performs something with the server; whatever means "not there" becomes ENGINE_UNREACHABLE, with what to do. */
export async function reach<Value>(
  place: Pick<Place, "address" | "namespace">,
  perform: () => Promise<Value>,
): Promise<Value> {
  try {
    return await perform();
  } catch (thrown) {
    if (!isUnreachable(thrown)) throw thrown;
    const message =
      `no Temporal server answers at ${place.address} (namespace ${place.namespace}). ` +
      "Start one (temporal server start-dev), or say where it is (TEMPORAL_ADDRESS, or the address option).";
    throw new OmniForgeError("ENGINE_UNREACHABLE", message, { cause: thrown });
  }
}

function isUnreachable(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  if (thrown.name === "TransportError" || /connect before the deadline/i.test(thrown.message)) return true;
  if (isGrpcServiceError(thrown)) return unreachable.has(thrown.code);
  return (
    thrown instanceof ServiceError && isGrpcServiceError(thrown.cause) && unreachable.has(thrown.cause.code)
  );
}
