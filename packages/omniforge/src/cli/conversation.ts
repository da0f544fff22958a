/** Talking to a task: what a person says, and waking a conversation that waits for it. */
import { randomUUID } from "node:crypto";
import { OmniForgeError } from "../protocol/error.ts";
import type { InputRequest } from "../protocol/input.ts";
import { isTerminal, type Task } from "../protocol/task.ts";
import type { Tasks } from "../tasks.ts";
import { newest } from "./find-task.ts";
import { listenPrompt } from "../tools/builtin/listen.ts";

/** By its first message's id a conversation is known, also before anything was answered. */
export const firstMessageId = "chat";

/** Whether a conversation waits here for what the person says next. */
export function isListening({ kind, prompt }: InputRequest): boolean {
  return kind === "question" && prompt === listenPrompt;
}

/**
 * Says something, and lets a conversation that waits go on. First the message, then the answer that carries nothing: who is
 * killed between the two has said it, and whoever attends the task next makes it go on.
 */
export async function sayTo(tasks: Tasks, task: string, text: string, id = newMessageId()): Promise<void> {
  await tasks.say(task, text, id);
  await goOn(tasks, task);
}

/** Lets a conversation go on that waits; nothing where it does not. */
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
