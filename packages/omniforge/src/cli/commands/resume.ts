/** `omniforge resume [id]`: goes on with unfinished tasks in this process, and shows them one after the other. */
import { isTerminal, type EngineName, type Task } from "../../protocol/task.ts";
import { exitCodes, UsageError, type ExitCode } from "../exit-code.ts";
import { findTask, unfinished } from "../find-task.ts";
import { openForge } from "../open-forge.ts";
import { openBehind, serverUrl } from "../open-tasks.ts";
import type { OpenedTasks } from "../opened-tasks.ts";
import type { Place } from "../place.ts";
import { seeThrough } from "../see-through.ts";

export interface ResumeChoice extends Place {
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly backend?: EngineName;
  readonly work: boolean;
}

/**
 * Tasks go on as the engine that they were started on; a task that has ended is shown as it is. Behind a server they go on
 * there, and are watched.
 */
export async function resume(id: string | undefined, choice: ResumeChoice): Promise<ExitCode> {
  const isOurs = choice.backend !== undefined || !choice.work;
  if (isOurs && serverUrl(choice) !== undefined)
    throw new UsageError("--backend and --no-work are the server's to say, not this command's");
  const reusedBefore = Date.now();
  const server = isOurs ? undefined : await openBehind(choice, true);
  const found = server === undefined ? await chosenHere(id, choice) : await chosen(server, id);
  // For a program, no line says the same.
  if (found.length === 0 && choice.json !== true) process.stdout.write("No task is unfinished.\n");
  let worst: ExitCode = exitCodes.done;
  for (const task of found) {
    const backend = choice.backend ?? task.engine;
    const work = choice.work && !isTerminal(task.state);
    const opened = server ?? (await openForge({ data: choice.data, backend, work }));
    try {
      const sight = server === undefined ? { backend } : { watches: true };
      const code = await seeThrough(opened, task.task, { ...choice, ...sight, reusedBefore });
      if (code === exitCodes.interrupted) return code;
      if (code !== exitCodes.done) worst = code;
    } finally {
      await opened.close();
    }
  }
  return worst;
}

async function chosenHere(id: string | undefined, { data, backend }: ResumeChoice): Promise<readonly Task[]> {
  const opened = await openForge({ data, work: false });
  try {
    const found = await chosen(opened, id);
    return id === undefined ? found.filter(({ engine }) => engine === (backend ?? engine)) : found;
  } finally {
    await opened.close();
  }
}

async function chosen({ tasks }: OpenedTasks, id: string | undefined): Promise<readonly Task[]> {
  return id === undefined ? unfinished(tasks) : [await findTask(tasks, id)];
}
