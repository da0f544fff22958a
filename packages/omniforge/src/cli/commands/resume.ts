/** `omniforge resume [id]`: goes on with unfinished tasks in this process, and shows them one after the other. */
import { isTerminal, type EngineName, type Task } from "../../protocol/task.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { findTask, unfinished } from "../find-task.ts";
import { openForge } from "../open-forge.ts";
import { seeThrough } from "../see-through.ts";

export interface ResumeChoice {
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly backend?: EngineName;
  readonly work: boolean;
  readonly data?: string;
}

/** Tasks go on as the engine that they were started on; a task that has ended is shown as it is. */
export async function resume(id: string | undefined, choice: ResumeChoice): Promise<ExitCode> {
  const reusedBefore = Date.now();
  const tasks = await chosen(id, choice);
  if (tasks.length === 0) process.stdout.write("No task is unfinished.\n");
  let worst: ExitCode = exitCodes.done;
  for (const { task, engine, state } of tasks) {
    const backend = choice.backend ?? engine;
    const opened = await openForge({ data: choice.data, backend, work: choice.work && !isTerminal(state) });
    try {
      const code = await seeThrough(opened, task, { ...choice, backend, reusedBefore });
      if (code === exitCodes.interrupted) return code;
      if (code !== exitCodes.done) worst = code;
    } finally {
      await opened.close();
    }
  }
  return worst;
}

async function chosen(id: string | undefined, { data, backend }: ResumeChoice): Promise<readonly Task[]> {
  const { forge, close } = await openForge({ data, work: false });
  try {
    if (id !== undefined) return [await findTask(forge, id)];
    return (await unfinished(forge)).filter(({ engine }) => engine === (backend ?? engine));
  } finally {
    await close();
  }
}
