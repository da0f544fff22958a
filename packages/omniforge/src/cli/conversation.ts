/** Talking to a task: what a person says, and waking a conversation that waits for it. */
import { randomUUID } from "node:crypto";
import { OmniForgeError } from "../protocol/error.ts";
import { isTerminal, type Task } from "../protocol/task.ts";
import type { Tasks } from "../tasks.ts";
import { newest } from "./find-task.ts";
import { firstMessageId, isListening } from "../agents/conversation.ts";

/** Lets a conversation go on that waits, with what was said already; nothing where it does not wait. */
export async function goOn(tasks: Tasks, task: string): Promise<void> {
  const { pending } = await tasks.get(task);
  for (const { id } of pending.filter(isListening)) {
    try {
      await tasks.respond(task, id, { decision: "answer", value: "" });
    } catch (thrown) {
      // Somebody else has: it goes on all the same.
      if (!OmniForgeError.is(thrown, "ALREADY_ANSWERED") && !OmniForgeError.is(thrown, "TASK_ENDED"))
        throw thrown;
    }
  }
}

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
