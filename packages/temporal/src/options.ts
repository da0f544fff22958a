/** What a process may say about its Temporal server, its worker and its reconciler. Nothing of it is required. */
import type { ClientConnectConfig } from "@temporalio/envconfig";
import type { Json } from "omniforge/protocol";
import { temporalConfiguration } from "./configuration.ts";

export interface TemporalOptions {
  /** Default: Temporal's own environment and profile (TEMPORAL_ADDRESS, TEMPORAL_PROFILE …), then localhost:7233. */
  readonly address?: string;
  /** Default: as the address, then "default". */
  readonly namespace?: string;
  /** Default "omniforge". Short: it stands in several events of every turn. */
  readonly taskQueue?: string;
  /** Queues of their own for some of the steps. All processes of a task queue must say the same. */
  readonly queues?: StepQueues;
  /**
   * Model calls a second, by provider, over all workers: `{ openai: 5 }`. A provider named here gets a queue of its own,
   * and the server hands out no more of it. All processes of a task queue must say the same.
   */
  readonly modelRates?: Readonly<Record<string, number>>;
  /**
   * Tasks of this log that are under way in another namespace, or on a server that is gone, go on in this one. To be said
   * once, by one process, while no worker runs. Default: a log whose tasks are elsewhere is refused (ENGINE_ELSEWHERE).
   */
  readonly takeOver?: boolean;
  /** How long to wait for the server before ENGINE_UNREACHABLE. Default 5 s; Infinity: for ever. */
  readonly connectTimeoutMs?: number;
  /**
   * What Temporal's own pages say of a tool call; undefined: the tool's name. Default: always that. What is returned stands
   * in the history, not encrypted, and is seen by whoever may look at the server. 100 characters at most.
   */
  readonly summarize?: (call: SummarizedCall) => string | undefined;
  /** Hears what whoever runs this process may want to know: why it waits for the server, or what is not set up there. */
  readonly onNotice?: (notice: string) => void;
  readonly worker?: WorkerTuning;
  readonly reconcile?: ReconcileOptions;
  /** Hears what went wrong beside any caller: a sweep that failed, a worker that stopped. Default: a process warning. */
  readonly onError?: (error: unknown) => void;
}

export interface SummarizedCall {
  readonly tool: string;
  readonly arguments: Json;
}

export interface StepQueues {
  /** Where models are called. Default: the task queue. */
  readonly model?: string;
  /** Where tools run that name no queue themselves. Default: the task queue. */
  readonly tools?: string;
}

export interface WorkerTuning {
  /** Names this worker in histories and lists. Short, for the same reason. Default: `of-<end of the host's name>-<process id>`. */
  readonly identity?: string;
  /**
   * What it takes: `workflow`, `model`, `tools`, and names of queues that tools have. Default: the first three. What has no
   * queue of its own comes with `workflow`.
   */
  readonly polls?: readonly string[];
  /** Steps that run at once, of each queue that it polls. Default 100. */
  readonly maximumSteps?: number;
  /** Workflow tasks that run at once. Few, or simultaneous replays outlast their time limit. Default 4. */
  readonly maximumWorkflowTasks?: number;
  /** Tasks kept in memory between their turns; the others are replayed. Default 500. */
  readonly maximumCachedTasks?: number;
  /** How long running steps may take to finish when this process closes; then they run elsewhere. Default 10 s. */
  readonly shutdownGraceMs?: number;
  /** Which release of the agents this worker is, for Temporal's worker versioning. Default: unversioned. */
  readonly deployment?: Deployment;
}

/** A worker deployment's version. It gets no tasks until the server is told that this is the current one. */
export interface Deployment {
  readonly name: string;
  /** Short: it stands in several events of every turn. */
  readonly build: string;
  /** A task stays with the version that began it. Default: it moves to the current one. */
  readonly pinned?: boolean;
}

export interface ReconcileOptions {
  /** Default 5 s. */
  readonly everyMs?: number;
  /** Tasks that nobody has written to for this long are compared with the engine. Default 8 s. */
  readonly quietMs?: number;
}

/** The options with everything filled in that has a default. */
export interface Place {
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly queues: StepQueues;
  readonly modelRates: Readonly<Record<string, number>>;
  readonly connectTimeoutMs: number;
  readonly connection: ClientConnectConfig["connectionOptions"];
  readonly summarize: TemporalOptions["summarize"];
  readonly onNotice: (notice: string) => void;
  readonly onError: (error: unknown) => void;
}

/** Where the server is, and as whom: explicit options first, then Temporal's environment and profile. Throws INVALID_INPUT. */
export function placeOf(options: TemporalOptions): Place {
  const { connectionOptions, namespace } = temporalConfiguration();
  const address = options.address ?? connectionOptions.address ?? "localhost:7233";
  return {
    address,
    namespace: options.namespace ?? namespace ?? "default",
    taskQueue: options.taskQueue ?? "omniforge",
    queues: options.queues ?? {},
    modelRates: options.modelRates ?? {},
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    connection: { ...connectionOptions, address },
    summarize: options.summarize,
    onNotice: options.onNotice ?? (() => undefined),
    onError: options.onError ?? warn,
  };
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(String(error)), {
    code: "OMNIFORGE_TEMPORAL",
  });
}
