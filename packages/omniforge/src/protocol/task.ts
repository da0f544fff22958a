/** Tasks as people see them. */
import type { InputRequest } from "./input.ts";
import type { Failure } from "./error.ts";
import type { Part, Usage } from "./message.ts";

/** A2A 1.0's task states. */
export const taskStates = [
  "submitted",
  "working",
  "input-required",
  "auth-required",
  "completed",
  "failed",
  "canceled",
  "rejected",
] as const;
export type TaskState = (typeof taskStates)[number];
export type TerminalState = "completed" | "failed" | "canceled" | "rejected";

export function isTerminal(state: TaskState): state is TerminalState {
  return state === "completed" || state === "failed" || state === "canceled" || state === "rejected";
}

export type EngineName = "in-process" | "temporal";

/** Names one task. The tenant comes from the credential only. */
export interface TaskReference {
  readonly tenant: string;
  readonly task: string;
}

/** A task as it is shown: the head of its log, and its ending once there is one. Times in epoch milliseconds. */
export interface Task extends TaskReference {
  readonly agent: string;
  readonly state: TaskState;
  readonly engine: EngineName;
  readonly turn: number;
  readonly root: string;
  readonly parent?: string;
  readonly depth: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly usage: Usage;
  readonly pending: readonly InputRequest[];
  readonly headSeq: number;
  readonly cancelRequested: boolean;
  readonly erased: boolean;
  /** The final answer's parts; only once completed. */
  readonly output?: readonly Part[];
  readonly error?: Failure;
}
