/** `omniforge say <id> "text"`: says something to a task, whether its process runs or not. */
import { exitCodes, UsageError, type ExitCode } from "../exit-code.ts";
import { findTask } from "../find-task.ts";
import { openTasks } from "../open-tasks.ts";
import type { Place } from "../place.ts";
import { resumeLine } from "../see-through.ts";
import { shortId } from "../view/short-id.ts";
import { jsonLine } from "../view/visible.ts";
import { whatNext } from "./respond.ts";

export interface SayChoice extends Place {
  readonly json?: boolean;
}

/** The task's next turn takes it; a task that has ended takes nothing more. */
export async function say(id: string, text: string, choice: SayChoice): Promise<ExitCode> {
  if (text.trim() === "") throw new UsageError("the message is empty");
  const opened = await openTasks(choice, id);
  try {
    const task = await findTask(opened.tasks, id);
    await opened.tasks.say(task.task, text);
    const runs = task.engine === "temporal" ? undefined : await opened.isAnyoneWorking();
    const goOn = resumeLine(task.root, { ...choice, backend: task.engine });
    if (choice.json === true)
      process.stdout.write(
        `${jsonLine({ type: "accepted", task: task.task, goOn, ...(runs !== undefined && { runs }) })}\n`,
      );
    else
      process.stdout.write(
        `The message is recorded in task ${shortId(task.task)}. ${whatNext(runs, goOn)}\n`,
      );
    return exitCodes.done;
  } finally {
    await opened.close();
  }
}
