/** Blobs that were written for a task that had been erased by then. */
import type { TaskReference } from "../protocol/task.ts";
import type { StepWorld } from "./step.ts";

/** Deletes them, where a refused commit left some: nothing names them, and nobody would ever look for them again. */
export async function dropLateBlobs(
  { store, blobs }: Pick<StepWorld, "store" | "blobs">,
  reference: TaskReference,
): Promise<void> {
  const row = await store.row(reference);
  if (row?.erased === true) await blobs.erase(row);
}
