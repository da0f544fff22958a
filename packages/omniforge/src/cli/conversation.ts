/** Talking to a task: ids of what a person says, and finding a conversation to go on with. */
import { randomUUID } from "node:crypto";
import { isTerminal, type Task } from "../protocol/task.ts";
import type { Tasks } from "../tasks.ts";
import { newest } from "./find-task.ts";
import { firstMessageId } from "../agents/conversation.ts";

export function newMessageId(): string {
  return `said_${randomUUID()}`;
}

/** A conversation that has not ended: one that this agent may go on with, on this folder. Newest first. */
export async function lastConversation(
  tasks: Tasks,
  agent: string,
  workspace: string,
): Promise<Task | undefined> {
  for await (const task of newest(tasks, 500, { agent })) {
    if (task.parent !== undefined || isTerminal(task.state) || task.cancelRequested) continue;
    const [created] = await tasks.log(task.task, 0, 1);
    if (created?.kind !== "created" || created.body.workspace !== workspace) continue;
    if (await isConversation(tasks, task)) return task;
  }
  return undefined;
}

/** Whether the task began as a conversation. */
export async function isConversation(tasks: Tasks, { task }: Task): Promise<boolean> {
  return (await tasks.log(task, 0, 2)).some(
    (one) => one.kind === "message" && one.body.id === firstMessageId,
  );
}
