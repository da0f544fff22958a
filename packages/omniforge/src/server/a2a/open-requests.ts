/** What a task and its sub-agents wait for: to an A2A client they are one agent, which needs input. */
import { isListening } from "../../agents/conversation.ts";
import type { TaskState } from "../../protocol/task.ts";
import { isTerminal } from "../../protocol/task.ts";
import { descendantsOf } from "../../steps/family.ts";
import type { TaskHead, TaskRow, TaskStore } from "../../store/task-store.ts";
import type { Asked } from "./answer.ts";

/** The sub-agents' tasks of any depth that have not ended. */
export async function openDescendants(store: TaskStore, row: TaskRow): Promise<readonly TaskRow[]> {
  if (row.children === 0 || row.endedSeq !== null) return [];
  const open: TaskRow[] = [];
  for await (const one of descendantsOf(store, row)) if (one.endedSeq === null) open.push(one);
  return open;
}

type Waiting = Pick<TaskHead, "task" | "state" | "pending" | "messages" | "taken">;

/**
 * Everything that is asked, the task's own requests first. A conversation that has been told something, and has not gone on
 * yet, asks for nothing.
 */
export function requestsOf(root: Waiting, below: Iterable<Waiting>): readonly Asked[] {
  if (isTerminal(root.state)) return [];
  return [root, ...below].flatMap(({ task, pending, messages, taken }) =>
    pending
      .filter((request) => messages === taken || !isListening(request))
      .map((request) => ({ task, request })),
  );
}

/** The state of the whole: it waits for a person while any part of it does. */
export function stateOf(root: Waiting, asked: readonly Asked[]): TaskState {
  if (isTerminal(root.state)) return root.state;
  if (asked.length > 0) return "input-required";
  return root.state === "input-required" ? "working" : root.state;
}
