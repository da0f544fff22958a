/** Loading the optional package of the other engine, only when it is chosen; without it, one clear error. */
import type { BackendFactory } from "./backend/backend.ts";
import { OmniForgeError } from "./protocol/error.ts";
import type { Json } from "./protocol/json.ts";

/** What a config file may say of Temporal; the package's own options say more (`TemporalOptions`). */
export interface TemporalSettings {
  /** Default: Temporal's own environment and profile (TEMPORAL_ADDRESS, TEMPORAL_PROFILE …), then localhost:7233. */
  readonly address?: string;
  readonly namespace?: string;
  /** Default "omniforge". */
  readonly taskQueue?: string;
  /** Queues of their own for model calls and for tools. */
  readonly queues?: { readonly model?: string; readonly tools?: string };
  /** Model calls a second, by provider, over all workers. */
  readonly modelRates?: Readonly<Record<string, number>>;
  /** What Temporal's own pages say of a tool call, as it is; undefined: the tool's name. Default: always that. */
  readonly summarize?: (call: { readonly tool: string; readonly arguments: Json }) => string | undefined;
  readonly worker?: WorkerSettings;
  /** How often log and engine are compared (5 s), and how long a task must have been quiet for it (8 s). */
  readonly reconcile?: { readonly everyMs?: number; readonly quietMs?: number };
}

/** Of each process that works. */
export interface WorkerSettings {
  /** Names it in histories and in lists of workers. Short. Default: `of-`, the end of the host's name, and the process's id. */
  readonly identity?: string;
  /** Steps that run at once, of each queue. Default 100. */
  readonly maximumSteps?: number;
  /** Workflow tasks that run at once, two at least. Default 4. */
  readonly maximumWorkflowTasks?: number;
  /** Tasks kept in memory between their turns; the others are replayed. Default 500. */
  readonly maximumCachedTasks?: number;
}

/** What a command adds to the settings. */
export interface TemporalProcess extends TemporalSettings {
  readonly connectTimeoutMs?: number;
  /** Tasks that are under way on another server go on at this one. */
  readonly takeOver?: boolean;
  readonly onNotice?: (notice: string) => void;
  readonly worker?: WorkerSettings & {
    readonly polls?: readonly string[];
    readonly shutdownGraceMs?: number;
    readonly deployment?: { readonly name: string; readonly build: string; readonly pinned?: boolean };
  };
}

/** What is used of the package. */
interface TemporalPackage {
  readonly temporal: (options: TemporalProcess) => BackendFactory;
  readonly setUp: (options: TemporalProcess) => Promise<readonly string[]>;
  readonly inspect: (options: TemporalProcess) => Promise<{
    readonly address: string;
    readonly namespace: string;
    readonly taskQueue: string;
    readonly isAnyoneWorking: boolean;
    readonly missing?: readonly string[];
  }>;
  readonly configuredAddress: () => string | undefined;
  readonly startDevServer: (options: {
    readonly port?: number;
    readonly namespace?: string;
    readonly headless?: boolean;
    readonly file: string;
    readonly onNotice?: (notice: string) => void;
  }) => Promise<{
    readonly address: string;
    readonly page?: string;
    readonly ended: Promise<number | undefined>;
    stop(): Promise<void>;
  }>;
}

/** Makes the backend. Throws ENGINE_MISSING. */
export async function loadTemporal(options: TemporalProcess = {}): Promise<BackendFactory> {
  return (await temporalPackage()).temporal(options);
}

/** What a command needs of the package. Throws ENGINE_MISSING. */
export async function temporalPackage(): Promise<TemporalPackage> {
  const name = "@omniforge/temporal";
  try {
    const loaded: unknown = await import(name);
    if (isTemporalPackage(loaded)) return loaded;
    throw new OmniForgeError(
      "ENGINE_MISSING",
      `the installed ${name} exports no backend: install the version of this release`,
    );
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause) || cause.code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new OmniForgeError(
      "ENGINE_MISSING",
      `the backend "temporal" needs the package ${name}: npm install ${name}`,
      { cause },
    );
  }
}

function isTemporalPackage(loaded: unknown): loaded is TemporalPackage {
  if (typeof loaded !== "object" || loaded === null) return false;
  return functions.every((name) => name in loaded && typeof Reflect.get(loaded, name) === "function");
}

const functions: readonly (keyof TemporalPackage)[] = [
  "temporal",
  "setUp",
  "inspect",
  "configuredAddress",
  "startDevServer",
];
