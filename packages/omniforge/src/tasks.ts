/** What people and programs do with tasks, wherever these are kept: in this process's data directory, or behind a server. */
import type { Entry } from "./protocol/entry.ts";
import type { TaskEvent } from "./protocol/event.ts";
import type { Answer } from "./protocol/input.ts";
import type { Message } from "./protocol/message.ts";
import type { Task, TaskState } from "./protocol/task.ts";

/** Which tasks are listed. */
export interface ListedTasks {
  readonly agent?: string;
  readonly states?: readonly TaskState[];
  readonly parent?: string;
  readonly root?: string;
  readonly skill?: string;
  /** Created at this time or later; and earlier than that one. Epoch milliseconds. */
  readonly createdFrom?: number;
  readonly createdBefore?: number;
}

export interface Followed {
  /** Entries above this seq. Default all. */
  readonly after?: number;
  /** Sub-agents' events too, from their start. */
  readonly descendants?: boolean;
  readonly signal?: AbortSignal;
}

/** The one interface through which the command line sees tasks. Errors carry the codes of the error table. */
export interface Tasks {
  /** Throws TASK_NOT_FOUND. */
  get(task: string): Promise<Task>;
  /** Tasks, newest first, read page by page as far as they are asked for. */
  each(which?: ListedTasks): AsyncIterable<Task>;
  /** Entries above a seq, at most so many. */
  log(task: string, after?: number, limit?: number): Promise<readonly Entry[]>;
  /** The task's events from a seq on, until it ends. */
  follow(task: string, followed?: Followed): AsyncIterable<TaskEvent>;
  /**
   * Says something to a running task; the same id again is the same message. It answers the task's one open question, where
   * that takes text; else the next turn takes it, and a conversation that waits goes on.
   */
  say(task: string, text: string | Message, id?: string): Promise<void>;
  /** Answers a request. Throws ALREADY_ANSWERED, DEADLINE_PASSED, INVALID_INPUT, INPUT_NOT_FOUND or TASK_ENDED. */
  respond(task: string, request: string, answer: Answer): Promise<void>;
  /** Accepts a cancel; the task ends once what runs has let go. */
  cancel(task: string, reason?: string): Promise<void>;
  /** Deletes what was said and done in an ended task and its sub-agents. Throws TASK_NOT_ENDED. */
  erase(task: string): Promise<void>;
}
