/**
 * Ending a cancelled task that no living process runs: a process that only tells others would otherwise wait for one that
 * may never come.
 *
 * Safe beside a process that starts meanwhile: the first terminal entry wins (W2), and `finish` writes what each open call
 * has come to.
 */
import type { TaskReference } from "../protocol/task.ts";
import { finish } from "../steps/finish.ts";
import type { StepWorld } from "../steps/step.ts";

const familyLimit = 1_000;

/** Ends the task, and those of its sub-agents that are cancelled with it; nothing while any process lives. */
export async function endCanceled(world: StepWorld, { tenant, task }: TaskReference): Promise<void> {
  const { store } = world;
  const owners = await store.executions.owners();
  if (owners.some(({ dead }) => !dead)) return;
  const row = await store.row({ tenant, task });
  if (row === undefined) return;
  const family = await store.list({ tenant, root: row.root, limit: familyLimit });
  const canceled = family.filter((one) => one.endedSeq === null && one.cancelSeq !== null);
  // The deepest first: a parent takes its children's endings with it.
  for (const one of canceled.toSorted((first, second) => second.depth - first.depth)) {
    const attempt = { tenant, task: one.task, signal: new AbortController().signal };
    await finish(world, attempt, one.turn, { kind: "canceled" });
  }
}
