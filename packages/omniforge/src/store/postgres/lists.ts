/** Lists of tasks: which filter is answered from which index. */
import { taskStates } from "../../protocol/task.ts";
import { toTaskRow } from "../rows.ts";
import type { RecentFilter, RecentTasks, TaskFilter, TaskRow } from "../task-store.ts";
import type { Ask, Value } from "./connections.ts";

const endOfTime = Number.MAX_SAFE_INTEGER;

/**
 * One page, the newest first. Each state is read from its own stretch of an index, so many rows at most, and the stretches
 * are merged: so a page costs the same however many tasks a filter leaves out.
 */
export async function listTasks(ask: Ask, filter: TaskFilter): Promise<readonly TaskRow[]> {
  const { tenant, agent, states, parent, root, skill, before, limit } = filter;
  const { createdFrom = 0, createdBefore = endOfTime } = filter;
  const [time, task] =
    before === undefined || before.createdAt >= createdBefore
      ? [createdBefore, ""]
      : [before.createdAt, before.task];
  const range = [tenant, createdFrom, time, task, limit];
  const all = async (statement: string, more: readonly Value[] = []): Promise<readonly TaskRow[]> =>
    (await ask(statement, [...range, ...more])).map(toTaskRow);

  const hashes =
    skill === undefined
      ? null
      : (await ask("specsBySkill", [skill, agent ?? null])).map((row) => String(row["hash"]));
  const wanted = [...new Set(states ?? taskStates)];
  if (parent !== undefined || root !== undefined) {
    const rest = [wanted, agent ?? null, root ?? null, hashes];
    return parent === undefined ? all("listFamily", rest) : all("listChildren", [...rest, parent]);
  }
  if (hashes !== null) return all("listBySpec", [wanted, hashes]);
  if (agent !== undefined) return all("listByAgent", [wanted, agent]);
  return states === undefined ? all("listTasks") : all("listByState", [wanted]);
}

export async function recentTasks(ask: Ask, filter: RecentFilter): Promise<RecentTasks> {
  const { tenant, agent, context, states, since, after, limit } = filter;
  const wanted = [tenant, agent, context ?? null, states ?? null, since ?? null];
  const [rows, counted] = await Promise.all([
    ask("recentTasks", [...wanted, after?.updatedAt ?? null, after?.task ?? null, limit]),
    ask("countRecent", wanted),
  ]);
  return { rows: rows.map(toTaskRow), total: Number(counted[0]?.["total"] ?? 0) };
}
