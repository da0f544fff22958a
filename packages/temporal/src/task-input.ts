/** What a task's workflow starts with: from its row and its pinned spec, a few bytes. */
import { readSpec, type StepWorld } from "omniforge/steps";
import type { TaskRow } from "omniforge/store";
import type { Place } from "./options.ts";
import { queuesOf } from "./queues.ts";
import type { TaskInput } from "./sandbox/contract.ts";

/** The workflow's own backstop for model steps covers agents that allow their model up to this long. */
const usualModelTimeoutMs = 10 * 60_000;

/** The input of a task's first run; undefined once the task has ended. */
export async function taskInput(
  world: StepWorld,
  row: TaskRow,
  place: Place,
): Promise<TaskInput | undefined> {
  if (row.endedSeq !== null) return undefined;
  const { tenant, loopVersion } = row;
  const { model, modelTimeoutMs } = await readSpec(world, row);
  const long = modelTimeoutMs > usualModelTimeoutMs && { modelTimeoutMs: modelTimeoutMs + 60_000 };
  const queues = queuesOf(place, model);
  return { tenant, turn: Math.max(1, row.turn), loopVersion, ...long, ...(queues && { queues }) };
}
