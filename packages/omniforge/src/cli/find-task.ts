/** Tasks and requests by what a person types: a whole id, the unique beginning or end of one, or `last`. */
import { OmniForgeError } from "../protocol/error.ts";
import { isTerminal, type Task } from "../protocol/task.ts";
import type { ListedTasks, Tasks } from "../tasks.ts";
import { UsageError } from "./exit-code.ts";
import { shortId } from "./view/short-id.ts";
import type { OpenRequest } from "./view/view.ts";

/** Older tasks are found by their whole id only. */
const searched = 20_000;

/** The task that is meant. Throws TASK_NOT_FOUND, or UsageError where several could be. */
export async function findTask(tasks: Tasks, typed: string): Promise<Task> {
  if (typed === "last") {
    for await (const task of newest(tasks, searched))
      if (task.parent === undefined) return tasks.get(task.task);
    throw new OmniForgeError("TASK_NOT_FOUND", "there is no task here yet");
  }
  try {
    return await tasks.get(typed);
  } catch (thrown) {
    if (!OmniForgeError.is(thrown, "TASK_NOT_FOUND")) throw thrown;
  }
  const found: Task[] = [];
  for await (const task of newest(tasks, searched)) if (matches(task.task, typed)) found.push(task);
  const [only, ...others] = found;
  if (only === undefined) throw new OmniForgeError("TASK_NOT_FOUND", `there is no task ${typed} here`);
  if (others.length === 0) return tasks.get(only.task);
  const names = found.slice(0, 5).map(({ task }) => task);
  throw new UsageError(
    `${typed} could be ${found.length} tasks: ${names.join(", ")}${found.length > 5 ? ", …" : ""}`,
  );
}

/** A beginning is one of the whole family's: it means the task that the sub-agents belong to. */
function matches(task: string, typed: string): boolean {
  if (typed.length < 3) return false;
  return shortId(task) === typed || task.endsWith(typed) || (!task.includes(".") && task.startsWith(typed));
}

/** The newest tasks, so many at most. */
export async function* newest(tasks: Tasks, count: number, which?: ListedTasks): AsyncGenerator<Task, void> {
  if (count <= 0) return;
  let left = count;
  for await (const task of tasks.each(which)) {
    yield task;
    if (--left === 0) return;
  }
}

async function all(tasks: AsyncIterable<Task>): Promise<Task[]> {
  const found: Task[] = [];
  for await (const task of tasks) found.push(task);
  return found;
}

/** Tasks that are nobody's sub-agents and have not ended, oldest first. */
export async function unfinished(tasks: Tasks): Promise<Task[]> {
  const states = ["submitted", "working", "input-required", "auth-required"] as const;
  const found = await all(newest(tasks, 1_000, { states }));
  return found.filter((task) => task.parent === undefined).toReversed();
}

/** What the task and its sub-agents wait for. */
export async function openRequests(tasks: Tasks, task: Task): Promise<OpenRequest[]> {
  // Once it is being cancelled nobody needs to answer any more.
  if (isTerminal(task.state) || task.cancelRequested) return [];
  const family = await all(newest(tasks, 1_000, { root: task.root, states: ["input-required"] }));
  const here = family.filter((one) => one.task === task.task || one.task.startsWith(`${task.task}.`));
  return here.toReversed().flatMap((one) => one.pending.map((request) => ({ task: one.task, request })));
}

/** The request that is meant; where only one is open it need not be named. */
export function chooseRequest(
  open: readonly OpenRequest[],
  task: Task,
  typed: string | undefined,
): OpenRequest {
  const found = typed === undefined ? open : open.filter(({ request }) => request.id === typed);
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  const list = open
    .map((one) => `  ${nameRequest(one, task)}  ${one.request.tool ?? one.request.prompt}`)
    .join("\n");
  if (only !== undefined)
    throw new UsageError(`which request? It waits for ${open.length} answers:\n${list}`);
  if (typed !== undefined)
    throw new UsageError(
      `task ${shortId(task.task)} has no open request ${typed}${list === "" ? "" : `; it has:\n${list}`}`,
    );
  throw new UsageError(`task ${shortId(task.task)} waits for nobody: it is ${task.state}`);
}

function nameRequest(one: OpenRequest, task: Task): string {
  return one.task === task.task ? one.request.id : `${shortId(one.task)} ${one.request.id}`;
}
