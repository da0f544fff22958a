/** What a process may say about its Temporal server, its worker and its reconciler. Nothing of it is required. */
import { loadClientConnectConfig, type ClientConnectConfig } from "@temporalio/envconfig";

export interface TemporalOptions {
  /** Default: Temporal's own environment and profile (TEMPORAL_ADDRESS, TEMPORAL_PROFILE …), then localhost:7233. */
  readonly address?: string;
  /** Default: as the address, then "default". */
  readonly namespace?: string;
  /** Default "omniforge". Short: it stands in several events of every turn. */
  readonly taskQueue?: string;
  /** How long to wait for the server before ENGINE_UNREACHABLE. Default 5 s. */
  readonly connectTimeoutMs?: number;
  readonly worker?: WorkerTuning;
  readonly reconcile?: ReconcileOptions;
  /** Hears what went wrong beside any caller: a sweep that failed, a worker that stopped. Default: a process warning. */
  readonly onError?: (error: unknown) => void;
}

export interface WorkerTuning {
  /** Names this worker in histories. Short, for the same reason. Default: the process's id. */
  readonly identity?: string;
  /** Steps that run at once. Default 100. */
  readonly maximumSteps?: number;
  /** Workflow tasks that run at once. Few, or simultaneous replays outlast their time limit. Default 4. */
  readonly maximumWorkflowTasks?: number;
  /** Tasks kept in memory between their turns; the others are replayed. Default 500. */
  readonly maximumCachedTasks?: number;
  /** How long running steps may take to finish when this process closes; then they run elsewhere. Default 10 s. */
  readonly shutdownGraceMs?: number;
  /** Performs steps only, for a queue that tools name; workflows stay with the other workers. */
  readonly stepsOnly?: boolean;
}

export interface ReconcileOptions {
  /** Default 5 s. */
  readonly everyMs?: number;
  /** Tasks that nobody has written to for this long are compared with the engine. Default 10 s. */
  readonly quietMs?: number;
}

/** The options with everything filled in that has a default. */
export interface Place {
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly connectTimeoutMs: number;
  readonly connection: ClientConnectConfig["connectionOptions"];
  readonly onError: (error: unknown) => void;
}

/** Where the server is, and as whom: explicit options first, then Temporal's environment and profile. */
export function placeOf(options: TemporalOptions): Place {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const address = options.address ?? connectionOptions.address ?? "localhost:7233";
  return {
    address,
    namespace: options.namespace ?? namespace ?? "default",
    taskQueue: options.taskQueue ?? "omniforge",
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    connection: { ...connectionOptions, address },
    onError: options.onError ?? warn,
  };
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(String(error)), {
    code: "OMNIFORGE_TEMPORAL",
  });
}
