/**
 * The inner seam: all that the loop may ask of the world. Two interpreters implement it, one per engine.
 *
 * Every effect is idempotent by its key, and its outcome is in the log: asking again returns it without doing it again.
 * Effects throw two typed errors only, `Cancelled` and `Suspended`; everything else is a defect of the interpreter.
 */
import type { Call, Ending, Reply } from "../protocol/call.ts";

export interface Effects {
  /** The reply of this turn: from the log, else cancel, then limits, then the model. Opens the turn. */
  callModel(turn: number): Promise<Reply>;
  /** Runs these calls, the only fan-out; returns those that now wait for something. */
  callTools(turn: number, calls: readonly Call[]): Promise<readonly Call[]>;
  /** Settles these calls from the log, else parks; returns those that may run now. */
  awaitInputs(turn: number, calls: readonly Call[]): Promise<readonly Call[]>;
  /** A model call that puts the transcript in short and opens a new epoch of it. */
  compact(turn: number): Promise<"compacted" | "failed">;
  /** Writes the terminal entry, unless somebody has said something since; shielded from `Cancelled`. */
  finish(turn: number, ending: Ending): Promise<"finished" | "more">;
  /** "Stop at this turn boundary, please." */
  shouldYield(): boolean;
}

/** The task has been cancelled: the turn ends here, and the task is finished as canceled. */
export class Cancelled extends Error {
  override readonly name = "Cancelled";
}

/** The task stops running here without having ended: parked, evicted or lost. Its turn is run again later. */
export class Suspended extends Error {
  override readonly name = "Suspended";
}

// By name, and not by class: errors cross realms, where even `Error` is another.
const isNamed = (thrown: unknown, name: string): boolean =>
  typeof thrown === "object" && thrown !== null && "name" in thrown && thrown.name === name;
export const isCancelled = (thrown: unknown): boolean => isNamed(thrown, "Cancelled");
export const isSuspended = (thrown: unknown): boolean => isNamed(thrown, "Suspended");
