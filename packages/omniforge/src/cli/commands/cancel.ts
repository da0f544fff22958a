/** `omniforge cancel <id>`: cancels a task and its sub-agents, whether a process runs it or not. */
import { isTerminal } from "../../protocol/task.ts";
import { cancelTask } from "../cancel-task.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { findTask } from "../find-task.ts";
import { shortId } from "../view/short-id.ts";
import { jsonLine } from "../view/visible.ts";
import { openFor } from "./respond.ts";

export interface CancelChoice {
  readonly reason?: string;
  readonly json?: boolean;
  readonly data?: string;
}

/** A task that has ended before is left as it is, and that is no failure. */
export async function cancel(id: string, { reason, json, data }: CancelChoice): Promise<ExitCode> {
  const opened = await openFor(id, data);
  try {
    const { task } = await findTask(opened.forge, id);
    const after = await cancelTask(opened, task, reason);
    const name = `Task ${shortId(task)}`;
    if (json === true) process.stdout.write(`${jsonLine({ type: "task", task: after })}\n`);
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
