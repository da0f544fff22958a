/**
 * A process that performs steps and runs workflows.
 *
 * Owns: the worker's figures (measured: few workflow tasks at once, short names in every event, heartbeats let through
 * every second), and stopping without losing what runs.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { DefaultLogger, type LogEntry, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import { OmniForgeError } from "omniforge/protocol";
import type { StepWorld } from "omniforge/steps";
import { createActivities } from "./activities.ts";
import { workflowBundle as loadBundle } from "./bundle.ts";
import { namespaceThere, reach } from "./client.ts";
import { keepRunning } from "./keep-running.ts";
import { placeOf, type Place, type TemporalOptions } from "./options.ts";

/** Bump together with the bundle's behaviour; it stands in several events of every turn, so it is short. */
const buildId = "1";

export interface RunningWorker {
  /** Lets running steps finish for the grace time; what is left then runs on another worker. */
  close(): Promise<void>;
}

/**
 * Starts a worker over a world.
 *
 * Throws ENGINE_UNREACHABLE when no server answers. One that fails later reports to `onError` and is replaced; its tasks
 * go on, here or elsewhere.
 */
export async function startWorker(world: StepWorld, options: TemporalOptions = {}): Promise<RunningWorker> {
  const place = placeOf(options);
  prepareRuntime();
  const connection = await connectWorker(place);
  const { worker: tuning = {} } = options;
  try {
    await namespaceThere(place, connection);
    const workflowBundle = tuning.stepsOnly === true ? undefined : await loadBundle();
    const make = (): Promise<Worker> =>
      reach(place, () =>
        Worker.create({
          connection,
          namespace: place.namespace,
          taskQueue: place.taskQueue,
          ...(workflowBundle && { workflowBundle }),
          activities: createActivities({ world, onError: place.onError }),
          identity: tuning.identity ?? `of-${process.pid}`,
          buildId,
          maxConcurrentActivityTaskExecutions: tuning.maximumSteps ?? 100,
          maxConcurrentWorkflowTaskExecutions: tuning.maximumWorkflowTasks ?? 4,
          maxCachedWorkflows: tuning.maximumCachedTasks ?? 500,
          maxHeartbeatThrottleInterval: 1_000,
          stickyQueueScheduleToStartTimeout: 1_000,
          shutdownGraceTime: tuning.shutdownGraceMs ?? 10_000,
        }),
      );
    const close = keepRunning(await make(), make, place.onError);
    return {
      close: async () => {
        await close();
        await connection.close();
      },
    };
  } catch (thrown) {
    await connection.close();
    throw thrown;
  }
}

/** A worker that is started while its server starts waits for it, as clients do. */
async function connectWorker(place: Place): Promise<NativeConnection> {
  const deadline = Date.now() + place.connectTimeoutMs;
  for (;;) {
    try {
      return await reach(place, () => NativeConnection.connect(place.connection));
    } catch (thrown) {
      if (Date.now() >= deadline || !OmniForgeError.is(thrown, "ENGINE_UNREACHABLE")) throw thrown;
      await sleep(200);
    }
  }
}

/** A step that is tried again is no news: its failure is in the task's log, and what was unexpected went to `onError`. */
function report({ level, message, meta = {} }: LogEntry): void {
  if (message === "Activity failed") return;
  process.stderr.write(`${level} ${message} ${inspect(meta, { depth: 3, breakLength: Infinity })}\n`);
}

/** Signals belong to the program. A runtime that the program has installed itself stays as it is. */
function prepareRuntime(): void {
  try {
    Runtime.install({ logger: new DefaultLogger("WARN", report), shutdownSignals: [] });
  } catch (thrown) {
    if (!(thrown instanceof Error && thrown.name === "IllegalStateError")) throw thrown;
  }
}
