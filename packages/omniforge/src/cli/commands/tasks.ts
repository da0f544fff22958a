/** `omniforge tasks`: the newest tasks, one a line. */
import { isKind } from "../../protocol/entry.ts";
import { textOf } from "../../protocol/message.ts";
import type { Task } from "../../protocol/task.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { newest } from "../find-task.ts";
import { openTasks } from "../open-tasks.ts";
import type { Place } from "../place.ts";
import { openOutput } from "../view/output.ts";
import { createScreen } from "../view/screen.ts";
import { taskTable, type TaskLine } from "../view/task-table.ts";
import { jsonLine } from "../view/visible.ts";

export interface TasksChoice extends Place {
  readonly limit: number;
  readonly json?: boolean;
}

/** Lists tasks that are nobody's sub-agents, newest first. */
export async function tasks(choice: TasksChoice): Promise<ExitCode> {
  const { json, limit } = choice;
  const opened = await openTasks(choice);
  const output = openOutput(process.stdout);
  try {
    const found: Task[] = [];
    for await (const task of newest(opened.tasks, limit * 5)) {
      if (task.parent === undefined) found.push(task);
      if (found.length === limit) break;
    }
    if (json === true) {
      for (const task of found) output.write(`${jsonLine({ type: "task", task })}\n`);
      return exitCodes.done;
    }
    const lines: TaskLine[] = [];
    for (const task of found) {
      const [first] = (await opened.tasks.log(task.task, 0, 2)).filter(isKind("message"));
      lines.push({ task, text: textOf(first?.body.message.parts ?? []) });
    }
    taskTable(createScreen(output), lines, Date.now());
    return exitCodes.done;
  } finally {
    await opened.close();
  }
}
