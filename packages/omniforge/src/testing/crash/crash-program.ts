/**
 * What is put under fire: an agent, its models and tools, and the person who attends to it. A module's default export
 * makes it, anew in every process of a run.
 */
import type { Agent } from "../../agents/define-agent.ts";
import type { BackendFactory } from "../../backend/backend.ts";
import type { OmniForgeOptions } from "../../create-omniforge.ts";
import type { Limits } from "../../protocol/agent-spec.ts";
import type { Answer, InputRequest } from "../../protocol/input.ts";
import type { EffectLedger } from "./ledger.ts";

/** What a process of a run is given. */
export interface CrashStage {
  /** Where tools write what they did to the world: outside of the store, and durable at once. */
  readonly ledger: EffectLedger;
  /** The run's folder, the same for all its processes: state of the program's own goes here. */
  readonly directory: string;
}

export interface CrashProgram extends Pick<
  OmniForgeOptions,
  "models" | "model" | "modelFacts" | "discovery"
> {
  readonly agent: Agent;
  /** What the task is asked. */
  readonly message: string;
  readonly limits?: Partial<Limits>;
  /** Said to the task, in this order, when somebody is asked for the first time. */
  readonly say?: readonly string[];
  /** What a person answers. Default: approves; a question must be answered. */
  readonly answer?: (request: InputRequest, task: string) => Answer;
  /** The engine. Default: in process. */
  readonly backend?: BackendFactory;
  /**
   * The model says the same when the outcome of a `once` tool is unknown: then nothing else of the log may differ.
   * Default: what comes after an unknown outcome may be anything.
   */
  readonly indifferent?: boolean;
  /** The model says the same each time it is asked the same. Default true; false: logs are not compared. */
  readonly repeatable?: boolean;
}

/** The default export of a module that the harness is pointed at. */
export type CreateCrashProgram = (stage: CrashStage) => CrashProgram | Promise<CrashProgram>;

/** Types a module's default export: what is under fire, made anew in every process. */
export function defineCrashProgram(create: CreateCrashProgram): CreateCrashProgram {
  return create;
}
