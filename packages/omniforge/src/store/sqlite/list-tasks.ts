/** Lists of tasks, the newest first: which filter is answered from which index. */
import { taskStates } from "../../protocol/task.ts";
import type { TaskFilter, TaskRow } from "../task-store.ts";
import type { Database } from "./database.ts";
import { toTaskRow } from "../rows.ts";

const endOfTime = Number.MAX_SAFE_INTEGER;

/**
 * One page. Each state is read from its own stretch of an index, so many rows at most, and the stretches are merged: so a
 * page costs the same however many tasks a filter leaves out.
 */
export function listTasks(database: Database, filter: TaskFilter): TaskRow[] {
  const { tenant, agent, states, parent, root, skill, before, limit } = filter;
  const { createdFrom = 0, createdBefore = endOfTime } = filter;
  const [time, task] =
    before === undefined || before.createdAt >= createdBefore
      ? [createdBefore, ""]
      : [before.createdAt, before.task];
  const range = { tenant, from: createdFrom, time, task, limit };
  const all = (query: string, more: Record<string, string | null> = {}): TaskRow[] =>
    database.all(query, { ...range, ...more }).map(toTaskRow);

  const hashes = skill === undefined ? null : hashesOf(database, skill, agent);
  const wanted = JSON.stringify([...new Set(states ?? taskStates)]);
  if (parent !== undefined || root !== undefined) {
    const rest = { agent: agent ?? null, states: wanted, hashes };
    return parent === undefined
      ? all("listFamily", { ...rest, root: root ?? null })
      : all("listChildren", { ...rest, parent, root: root ?? null });
  }
  if (hashes !== null) return all("listBySpec", { states: wanted, hashes });
  if (agent !== undefined) return all("listByAgent", { states: wanted, agent });
  return states === undefined ? all("listTasks") : all("listByState", { states: wanted });
}

/** The hashes of specs with a skill, as a JSON array. */
function hashesOf(database: Database, skill: string, agent: string | undefined): string {
  const rows = database.all("specsBySkill", { skill, agent: agent ?? null });
  return JSON.stringify(rows.map((row) => row["hash"]));
}
