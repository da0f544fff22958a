/** `omniforge erase <id>`: deletes what was said and done in a task that has ended, and in its sub-agents. */
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { findTask } from "../find-task.ts";
import { shortId } from "../view/short-id.ts";
import { jsonLine } from "../view/visible.ts";
import { openFor } from "./respond.ts";

export interface EraseChoice {
  readonly json?: boolean;
  readonly data?: string;
}

/** What is left of it is that it was: its id, its times and its usage. */
export async function erase(id: string, { data, json }: EraseChoice): Promise<ExitCode> {
  const opened = await openFor(id, data);
  try {
    const { task } = await findTask(opened.forge, id);
    await opened.forge.erase(task);
    process.stdout.write(
      json === true
        ? `${jsonLine({ type: "task", task: await opened.forge.get(task) })}\n`
        : `Task ${shortId(task)} is erased: what was said and done in it is gone.\n`,
    );
    return exitCodes.done;
  } finally {
    await opened.close();
  }
}
