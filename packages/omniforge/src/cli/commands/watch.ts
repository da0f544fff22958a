/** `omniforge watch <id>`: shows a task as it goes on elsewhere, and asks here what it asks. */
import { isTerminal } from "../../protocol/task.ts";
import { type ExitCode } from "../exit-code.ts";
import { findTask } from "../find-task.ts";
import { openTasks } from "../open-tasks.ts";
import type { Place } from "../place.ts";
import { seeThrough } from "../see-through.ts";
import { show } from "./show.ts";

export interface WatchChoice extends Place {
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Runs nothing itself. A task that no process runs is shown as it is, with the command that goes on with it. */
export async function watch(id: string, choice: WatchChoice): Promise<ExitCode> {
  const opened = await openTasks(choice, id);
  try {
    const task = await findTask(opened.tasks, id);
    const runs = task.engine === "temporal" || (await opened.isAnyoneWorking());
    if (!runs && !isTerminal(task.state)) {
      await opened.close();
      return await show(task.task, choice);
    }
    return await seeThrough(opened, task.task, { ...choice, backend: task.engine, watches: true });
  } finally {
    await opened.close();
  }
}
