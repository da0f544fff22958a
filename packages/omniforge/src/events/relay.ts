/**
 * The port by which processes hear of each other what tasks say and write, as it happens.
 *
 * Hints only (W4): whatever gets lost here is found in the log, later. What it passes on obeys rule 6 as within one
 * process: pieces of an attempt in their order and whole from its beginning, or not at all.
 */
import type { TaskEvent } from "../protocol/event.ts";
import type { TaskReference } from "../protocol/task.ts";
import type { LiveEvent } from "./live-view.ts";

export interface Relay {
  /** Takes what this process announces, masked already. Returns at once, and never throws. */
  tell(reference: TaskReference, event: TaskEvent): void;
  /** Listens to what other processes announce of a task, what has been said so far first. Returns how to stop. */
  follow(reference: TaskReference, listener: RelayListener): () => void;
  close(): Promise<void>;
}

/** Neither may throw. */
export interface RelayListener {
  hear(event: LiveEvent): void;
  /** The log has this many entries at least; the steps of which the new ones tell. */
  grown(headSeq: number, steps: readonly string[]): void;
}
