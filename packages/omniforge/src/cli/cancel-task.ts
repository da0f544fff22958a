/** Cancelling a task from outside, and seeing it end: whoever runs it lets go, or, where nobody does, it is ended here. */
import { setTimeout as sleep } from "node:timers/promises";
import { OmniForgeError } from "../protocol/error.ts";
import { isTerminal, type Task } from "../protocol/task.ts";
import type { Opened } from "./open-forge.ts";

/** What runs gets a grace time of two seconds to stop by itself. */
const patienceMs = 4_000;

/** Cancels, and returns the task as it is once it has ended, or as it still is when what runs does not let go in time. */
export async function cancelTask(
  { forge, isAnyoneWorking, endCanceled }: Opened,
  id: string,
  reason?: string,
): Promise<Task> {
  try {
    await forge.cancel(id, reason);
  } catch (thrown) {
    if (!OmniForgeError.is(thrown, "TASK_ENDED")) throw thrown;
  }
  const until = Date.now() + patienceMs;
  for (;;) {
    const task = await forge.get(id);
    if (isTerminal(task.state) || Date.now() > until) return task;
    if (!(await isAnyoneWorking())) await endCanceled(task);
    await sleep(50);
  }
}
