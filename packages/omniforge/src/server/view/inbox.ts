/** What waits for people's decisions: the requests of many tasks, page by page. */
import { z } from "zod";
import { isListening } from "../../agents/conversation.ts";
import type { OmniForge } from "../../create-omniforge.ts";
import { inputRequest } from "../../protocol/input.ts";
import { roles, type Role } from "../../protocol/role.ts";
import type { Task } from "../../protocol/task.ts";
import type { ListPosition } from "../cursor.ts";
import { named } from "../shapes.ts";

/** The least role that may answer what a task asks. */
export const mayAnswer: Role = "operator";

export const waiting = named(
  "WaitingInput",
  z.object({
    task: z.string(),
    agent: z.string(),
    root: z.string().describe("The task that somebody gave, where this one is a sub-agent's."),
    since: z.number().describe("When its task changed last. Epoch milliseconds."),
    request: inputRequest,
    mayAnswer: z.enum(roles).describe("The least role that may answer it."),
  }),
);
type Waiting = z.infer<typeof waiting>;

const tasksAtOnce = 200;
/** So many tasks that wait are looked at for one page, whatever they wait for: a request's work has a bound. */
export const mostTasks = 1_000;

interface Wanted {
  readonly agent?: string;
  readonly root?: string;
}

/**
 * The requests of the newest tasks first, until there are so many. A task's are never cut in two: the last one's may be more
 * than fit. `next`: the task after which the next page begins.
 */
export async function inboxPage(
  forge: Pick<OmniForge, "list">,
  wanted: Wanted,
  limit: number,
  after: ListPosition | undefined,
): Promise<{ readonly items: readonly Waiting[]; readonly next?: ListPosition }> {
  const items: Waiting[] = [];
  let position = after;
  for (let looked = 0; looked < mostTasks; looked += tasksAtOnce) {
    const tasks = await forge.list({
      ...wanted,
      states: ["input-required"],
      limit: tasksAtOnce,
      ...(position && { before: position }),
    });
    for (const task of tasks) {
      const requests = requestsOf(task);
      if (requests.length > 0 && items.length >= limit) return { items, ...(position && { next: position }) };
      items.push(...requests);
      position = task;
    }
    if (tasks.length < tasksAtOnce) return { items };
  }
  return { items, ...(position && { next: position }) };
}

/** Who waits for the next thing that is said waits for nobody's decision; a cancelled task waits no more. */
function requestsOf({ task, agent, root, updatedAt, cancelRequested, pending }: Task): Waiting[] {
  if (cancelRequested) return [];
  return pending
    .filter((request) => !isListening(request))
    .map((request) => ({ task, agent, root, since: updatedAt, request, mayAnswer }));
}
