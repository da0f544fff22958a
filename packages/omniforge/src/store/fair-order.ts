/** In which order tasks that may run are taken, so that no tenant waits behind all of another's: one rule for every store. */
import type { TaskReference } from "../protocol/task.ts";
import type { Held } from "./task-store.ts";

export interface Runnable extends TaskReference {
  readonly updatedAt: number;
}

/**
 * The first so many: each tenant's oldest first, and tenants in turns, beginning with who holds least.
 *
 * `runnable`: each tenant's own in the order of their age.
 */
export function fairOrder(runnable: readonly Runnable[], held: Held, limit: number): TaskReference[] {
  const counts = new Map(held);
  const ranked = runnable.map((one) => {
    const rank = counts.get(one.tenant) ?? 0;
    counts.set(one.tenant, rank + 1);
    return { ...one, rank };
  });
  return ranked
    .toSorted((one, other) => one.rank - other.rank || one.updatedAt - other.updatedAt)
    .slice(0, limit)
    .map(({ tenant, task }) => ({ tenant, task }));
}
