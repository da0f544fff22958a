/**
 * A process that performs steps and runs workflows.
 *
 * Owns: the worker's figures (measured: few workflow tasks at once, short names in every event, heartbeats let through
 * every second), and stopping without losing what runs.
 */
import { inspect } from "node:util";
import {
  DefaultLogger,
  type LogEntry,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from "@temporalio/worker";
import type { StepWorld } from "omniforge/steps";
import { createActivities } from "./activities.ts";
import { workflowBundle as loadBundle } from "./bundle.ts";
import { identityOf } from "./identity.ts";
import { keepRunning } from "./keep-running.ts";
import { placeOf, type Deployment, type TemporalOptions } from "./options.ts";
import { polledBy, type Polled } from "./queues.ts";
import { connected, reach } from "./reach.ts";

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
  const { worker: tuning = {} } = options;
  const polled = polledBy(place, tuning);
  prepareRuntime();
  const connection = await connected(place, () => NativeConnection.connect(place.connection));
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closing.map((one) => one()));
    await connection.close();
  };
  try {
    const bundle = polled.some(({ workflows }) => workflows) ? await loadBundle() : undefined;
    // One for all queues: a step that is to run alone runs alone in its process.
    const activities = createActivities({ world, place });
    for (const one of polled) {
      const settings: WorkerOptions = {
        ...steady(one, options),
        connection,
        namespace: place.namespace,
        activities,
        ...(one.workflows && bundle !== undefined && { workflowBundle: bundle }),
      };
      const make = (): Promise<Worker> => reach(place, () => Worker.create(settings));
      closing.push(keepRunning(await make(), make, place.onError));
    }
    return { close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** What a worker of a queue is told besides what it runs. */
function steady({ queue, rate }: Polled, { worker: tuning = {} }: TemporalOptions): WorkerOptions {
  return {
    taskQueue: queue,
    identity: tuning.identity ?? identityOf(),
    ...versionOf(tuning.deployment),
    ...(rate !== undefined && { maxTaskQueueActivitiesPerSecond: rate }),
    maxConcurrentActivityTaskExecutions: tuning.maximumSteps ?? 100,
    maxConcurrentWorkflowTaskExecutions: tuning.maximumWorkflowTasks ?? 4,
    maxCachedWorkflows: tuning.maximumCachedTasks ?? 500,
    maxHeartbeatThrottleInterval: 1_000,
    stickyQueueScheduleToStartTimeout: 1_000,
    shutdownGraceTime: tuning.shutdownGraceMs ?? 10_000,
  };
}

/** Unversioned, unless a deployment is named; then tasks move to its current version, unless they are pinned. */
function versionOf(deployment: Deployment | undefined): Partial<WorkerOptions> {
  if (deployment === undefined) return { buildId };
  const { name: deploymentName, build, pinned = false } = deployment;
  return {
    workerDeploymentOptions: {
      useWorkerVersioning: true,
      version: { deploymentName, buildId: build },
      defaultVersioningBehavior: pinned ? "PINNED" : "AUTO_UPGRADE",
    },
  };
}

/** A step that is tried again is no news: its failure is in the log, and what was unexpected went to `onError`. Nor is a worker without workflows. */
function report({ level, message, meta = {} }: LogEntry): void {
  if (message === "Activity failed" || message.startsWith("No workflows registered")) return;
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
