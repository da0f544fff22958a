/**
 * The outer seam: what executes tasks. Server and command line know this and the log, never an engine.
 *
 * A backend decides what runs next; it never says what was said or done: that is the log's. Everything it is told may be
 * told twice, and may be lost: the reconciler tells it again (P5).
 */
import type { EngineName, TaskReference } from "../protocol/task.ts";
import type { StepWorld } from "../steps/step.ts";

/** What an engine knows of a task, asked by the task's id and never by a recorded run. */
export type EngineState = "running" | "closed" | "not-found";

export interface Backend {
  readonly name: EngineName;
  /** Starts executing a task that the log has. May be repeated. */
  start(reference: TaskReference): Promise<void>;
  /** Something was accepted: settle again. Starts a task that was never started. May be lost or doubled. */
  wake(reference: TaskReference): Promise<void>;
  /** A cancel was accepted: abort what runs. May be lost or doubled. */
  cancel(reference: TaskReference): Promise<void>;
  /** Throws ENGINE_ELSEWHERE rather than say "not-found" of a task that may be under way in another place. */
  describe(reference: TaskReference): Promise<EngineState>;
  /** The task that a run of the engine's own belongs to, of any tenant. Without: there is no such thing there. */
  taskOfRun?(run: string): Promise<string | undefined>;
  /**
   * Tasks that the engine has ended lately, of any tenant, otherwise than by running them to their end: somebody did it from
   * outside. May come late, and may name those that go on all the same. Without: only asking one by one tells.
   */
  endedOutside?(): Promise<readonly string[]>;
  /** Whether a living process executes what is started here, this one included. To be told to people, not to decide by. */
  isAnyoneWorking(): Promise<boolean>;
  /** Deletes what the engine keeps of a task that was erased; true once nothing of it is found any more. May be repeated. */
  forget(reference: TaskReference): Promise<boolean>;
  /** Stops executing here, gracefully: running steps may finish, nothing is lost. */
  close(): Promise<void>;
}

/** Makes a backend over what steps need. `work: false`: a client only, nothing is executed in this process. */
export type BackendFactory = (world: StepWorld, options: { readonly work: boolean }) => Promise<Backend>;
