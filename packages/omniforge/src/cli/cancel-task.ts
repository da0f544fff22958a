/** Cancelling a task from outside, and seeing it end: whoever runs it lets go; where nobody does, its engine ends it. */
import { setTimeout as sleep } from "node:timers/promises";
import { OmniForgeError } from "../protocol/error.ts";
import { isTerminal, type Task } from "../protocol/task.ts";
import type { OpenedTasks } from "./opened-tasks.ts";

/** What runs gets a grace time of two seconds to stop by itself. */
const patienceMs = 4_000;

/** Cancels, and returns the task as it is once it has ended, or as it still is when what runs does not let go in time. */
export async function cancelTask({ tasks, retell }: OpenedTasks, id: string, reason?: string): Promise<Task> {
  try {
    await tasks.cancel(id, reason);
  } catch (thrown) {
    if (!OmniForgeError.is(thrown, "TASK_ENDED")) throw thrown;
  }
  const begun = Date.now();
  for (let look = 1; ; look++) {
    const task = await tasks.get(id);
    if (isTerminal(task.state) || Date.now() - begun > patienceMs) return task;
    await sleep(50);
    // Whoever ran it may have died since it was told.
    if (look % 10 === 0) await retell(task);
  }
}
