/**
 * What passes between the workflow and its activities, and therefore into the history: references and descriptors.
 *
 * Invariants: no messages, arguments, results or error texts in any of these; the task's id is never repeated, because
 * it is the workflow's id. Fields may be added and must be optional: histories of older releases are replayed.
 */
import type { Call, Ending, Reply, TaskState } from "omniforge/protocol";
import type { TaskLabels } from "./labels.ts";

/** The input of the workflow that runs a task, and of the run that continues it. */
export interface TaskInput {
  readonly tenant: string;
  /** The turn to begin with; it may be run again without doing anything twice. */
  readonly turn: number;
  readonly loopVersion: number;
  /** Set where the agent allows its model more time than most. */
  readonly modelTimeoutMs?: number;
  /** Set where models or tools have queues of their own. */
  readonly queues?: { readonly model?: string; readonly tools?: string };
  /** Set where the server knows the search attributes: the workflow keeps the state up to date. */
  readonly labelled?: true;
  /** The run before parked here: this one re-runs its turn, and has made no progress until it goes beyond. */
  readonly rerun?: true;
}

/** A step's result, as far as it reaches the workflow. Whatever is retried is thrown: the server schedules it. */
export type Outcome<Value> =
  | { readonly kind: "done"; readonly value: Value }
  | { readonly kind: "canceled" }
  /** The task runs no more: its log has ended. */
  | { readonly kind: "ended" };

/** A step's place: a tenant's task, which is the workflow itself, at this turn. */
export interface TurnInput {
  readonly tenant: string;
  readonly turn: number;
}

export interface CallInput {
  readonly tenant: string;
  readonly call: Call;
}

/** `start`: the input of the sub-agent's workflow; none when its task has ended already. */
export interface OpenedChild {
  readonly call: Call;
  readonly start?: TaskInput;
  readonly labels?: TaskLabels;
}

/** Calls by their index. `nextInMs`: until the earliest deadline of those that wait. */
export interface SettledCalls {
  readonly ready: readonly number[];
  readonly waiting: readonly number[];
  readonly nextInMs?: number;
}

/** The state in which the log has ended, `finished` from older releases; or a turn is to follow. */
export type Finished = TaskState | "finished" | "more";

/** What became of an input that was sent by hand: it counts, or the code that says why not. */
export interface HandInput {
  readonly refused?: string;
}

/** The activities: each performs one attempt at one step. */
export interface AgentActivities {
  callModel(input: TurnInput): Promise<Outcome<Reply>>;
  callTool(input: CallInput): Promise<Outcome<Call | "done">>;
  openChild(input: CallInput): Promise<Outcome<OpenedChild | "done">>;
  settleInputs(input: {
    readonly tenant: string;
    readonly calls: readonly Call[];
  }): Promise<Outcome<SettledCalls>>;
  compact(input: TurnInput): Promise<Outcome<"compacted" | "failed">>;
  finish(input: TurnInput & { readonly ending: Ending }): Promise<Outcome<Finished>>;
  accept(input: { readonly tenant: string; readonly input: unknown }): Promise<HandInput>;
}

/** The name of the one workflow: minifying renames functions, so it is never taken from one. */
export const workflowType = "agentTask";
/** Tells a task's workflow that something was accepted. */
export const wakeSignal = "wake";
/** Carries an input itself, for people who have nothing but Temporal's own tools. */
export const handSignal = "provide_human_input";
/** A lost worker is noticed by the server after this time, when a workflow task was running on it. */
export const workflowTaskTimeoutMs = 4_000;
