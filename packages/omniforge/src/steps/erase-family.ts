/**
 * Erasing a task with all its sub-agents: what was said to them came from it.
 *
 * Invariants: nothing is erased while one of the family runs; sub-agents go first, so that a killed erase can be repeated
 * from the task; repeating it finishes what was left.
 */
import { OmniForgeError } from "../protocol/error.ts";
import type { TaskReference } from "../protocol/task.ts";
import { descendantsOf } from "./family.ts";
import type { StepWorld } from "./step.ts";

/**
 * Deletes what was said and done in an ended task and its sub-agents, blobs included. May be repeated.
 *
 * Throws TASK_NOT_FOUND or TASK_NOT_ENDED, having erased nothing.
 */
export async function eraseFamily(
  { store, blobs, now }: Pick<StepWorld, "store" | "blobs" | "now">,
  reference: TaskReference,
): Promise<void> {
  const root = await store.row(reference);
  if (root === undefined) throw new OmniForgeError("TASK_NOT_FOUND", `there is no task ${reference.task}`);
  const family: TaskReference[] = [];
  const add = ({ tenant, task, endedSeq }: typeof root): void => {
    if (endedSeq === null)
      throw new OmniForgeError("TASK_NOT_ENDED", `task ${task} has not ended: it can't be erased`);
    family.push({ tenant, task });
  };
  for await (const row of descendantsOf(store, reference)) add(row);
  add(root);
  for (const one of family) {
    await store.erase(one, now());
    await blobs.erase(one);
  }
}
