/** What shows a task to somebody: as text, or as lines of JSON. */
import type { TaskEvent } from "../../protocol/event.ts";
import type { InputRequest } from "../../protocol/input.ts";
import type { Task } from "../../protocol/task.ts";

/** A request, and the task that waits for it: the one shown, or one of its sub-agents. */
export interface OpenRequest {
  readonly task: string;
  readonly request: InputRequest;
}

/** Commands that can be typed as they stand: those that answer, and the one that goes on with the task. */
export interface Advice {
  readonly answers: readonly string[];
  readonly goOn: string;
}

export interface TaskView {
  /** Something happened; events come in the order of the logs. */
  event(event: TaskEvent): void;
  /** A person is about to be asked. */
  request(open: OpenRequest): void;
  /** A message that the person has typed here, and so sees already. */
  said(id: string): void;
  /** The task waits for somebody who is not here. */
  waiting(task: Task, open: readonly OpenRequest[], advice: Advice): void;
  /** The task has ended. */
  ended(task: Task): void;
  /** Something that the person at the terminal should know. */
  note(text: string): void;
}
