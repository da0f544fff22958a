/**
 * What a backend's test file hands to the suite: how one process of the engine is made, and what can be done to it that
 * the suite can't do by itself.
 */
import type { Backend } from "../../backend/backend.ts";
import type { StepWorld } from "../../steps/step.ts";
import type { BlobStore } from "../../store/blob-store.ts";
import type { TaskStore } from "../../store/task-store.ts";

/**
 * One process of the engine under test.
 *
 * The suite lets a process die, or stand still, by cutting its world off: none of its reads and writes return, its tools
 * and models get no further. What else a death means to the engine, its test file says here.
 */
export interface Engine {
  readonly backend: Backend;
  /**
   * Its world has been cut off for good: let go of what would still look alive to the engine (a heartbeat, a poll).
   *
   * Whatever the world was asked hangs, as in a dead process; where the engine must see its steps come to an end before it
   * lets go, `fail` makes all of it throw.
   */
  readonly kill?: (fail: (reason: Error) => void) => Promise<void>;
  /** Its world stands still: what would look alive must, too. */
  readonly pause?: () => Promise<void>;
  /** Its world goes on. */
  readonly continue?: () => Promise<void>;
  /** Ends a task's execution from outside, as an operator would with the engine's own tools. */
  readonly terminate?: (task: string) => Promise<void>;
  /** Sets a task's execution back to its beginning, likewise. */
  readonly reset?: (task: string) => Promise<void>;
}

/** What an engine may lack: a scenario that needs it must be skipped with a reason. */
export type Control = "terminate" | "reset";

export interface EngineOptions {
  /** `false`: a client only, as for `BackendFactory`. */
  readonly work: boolean;
  /** The same for all processes of one scenario and for no other scenario: names what they share (a task queue, say). */
  readonly place: string;
}

/** What one process of a scenario sees of where its tasks are kept. */
export interface OpenedStore {
  readonly store: TaskStore;
  readonly blobs: BlobStore;
}

/** Makes an empty place for a scenario's tasks, in its folder or elsewhere; each process opens it for itself. */
export type CreateStorage = (folder: string) => Promise<() => Promise<OpenedStore>>;

/** Makes a process of the engine. */
export type CreateEngine = (world: StepWorld, options: EngineOptions) => Promise<Engine>;
