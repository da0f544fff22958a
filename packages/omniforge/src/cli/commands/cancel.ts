/** `omniforge cancel <id>`: cancels a task and its sub-agents, whether a process runs it or not. */
import { isTerminal } from "../../protocol/task.ts";
import { cancelTask } from "../cancel-task.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { findTask } from "../find-task.ts";
import { openTasks } from "../open-tasks.ts";
import type { Place } from "../place.ts";
import { shortId } from "../view/short-id.ts";
import { jsonLine } from "../view/visible.ts";

export interface CancelChoice extends Place {
  readonly reason?: string;
  readonly json?: boolean;
}

/** A task that has ended before is left as it is, and that is no failure. */
export async function cancel(id: string, choice: CancelChoice): Promise<ExitCode> {
  const opened = await openTasks(choice, id);
  try {
    const { task } = await findTask(opened.tasks, id);
    const after = await cancelTask(opened, task, choice.reason);
    const name = `Task ${shortId(task)}`;
    if (choice.json === true) process.stdout.write(`${jsonLine({ type: "task", task: after })}\n`);
    else if (after.state === "canceled") process.stdout.write(`${name} is canceled.\n`);
    else if (isTerminal(after.state))
      process.stdout.write(`${name} had ended before: it is ${after.state}.\n`);
    else
      process.stdout.write(
        `The cancel of task ${shortId(task)} is recorded; the task ends when what runs has let go.\n`,
      );
    return exitCodes.done;
  } finally {
    await opened.close();
  }
}
