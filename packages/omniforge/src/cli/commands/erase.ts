/** `omniforge erase <id>`: deletes what was said and done in a task that has ended, and in its sub-agents. */
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { findTask } from "../find-task.ts";
import { openTasks } from "../open-tasks.ts";
import type { Place } from "../place.ts";
import { shortId } from "../view/short-id.ts";
import { jsonLine } from "../view/visible.ts";

export interface EraseChoice extends Place {
  readonly json?: boolean;
}

/** What is left of it is that it was: its id, its times and its usage. */
export async function erase(id: string, choice: EraseChoice): Promise<ExitCode> {
  const opened = await openTasks(choice, id);
  try {
    const { task } = await findTask(opened.tasks, id);
    await opened.tasks.erase(task);
    process.stdout.write(
      choice.json === true
        ? `${jsonLine({ type: "task", task: await opened.tasks.get(task) })}\n`
        : `Task ${shortId(task)} is erased: what was said and done in it is gone.\n`,
    );
    return exitCodes.done;
  } finally {
    await opened.close();
  }
}
