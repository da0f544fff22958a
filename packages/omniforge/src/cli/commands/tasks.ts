/** `omniforge tasks`: the newest tasks, one a line. */
import { isKind } from "../../protocol/entry.ts";
import { textOf } from "../../protocol/message.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { openForge } from "../open-forge.ts";
import { openOutput } from "../view/output.ts";
import { createScreen } from "../view/screen.ts";
import { taskTable, type TaskLine } from "../view/task-table.ts";
import { jsonLine } from "../view/visible.ts";

export interface TasksChoice {
  readonly limit: number;
  readonly json?: boolean;
  readonly data?: string;
}

/** Lists tasks that are nobody's sub-agents, newest first. */
export async function tasks({ data, json, limit }: TasksChoice): Promise<ExitCode> {
  const { forge, close } = await openForge({ data, work: false });
  const output = openOutput(process.stdout);
  try {
    const found = (await forge.list({ limit: limit * 5 }))
      .filter((task) => task.parent === undefined)
      .slice(0, limit);
    if (json === true) {
      for (const task of found) output.write(`${jsonLine({ type: "task", task })}\n`);
      return exitCodes.done;
    }
    const lines: TaskLine[] = [];
    for (const task of found) {
      const [first] = (await forge.log(task.task, 0, 2)).filter(isKind("message"));
      lines.push({ task, text: textOf(first?.body.message.parts ?? []) });
    }
    taskTable(createScreen(output), lines, Date.now());
    return exitCodes.done;
  } finally {
    await close();
  }
}
