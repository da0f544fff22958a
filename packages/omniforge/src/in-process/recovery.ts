/**
 * Taking over from processes that died: their tasks get a recovery entry, the next fence and no owner, and so become
 * runnable for whoever is alive.
 *
 * A process is dead when the kernel says so, or when it has not said for a whole lease that it lives (signs-of-life.ts); in
 * the second case it may come back, and the fence refuses what it then writes.
 */
import { entry } from "../protocol/entry.ts";
import type { StepWorld } from "../steps/step.ts";
import { stepsInFlight, viewTurn } from "../steps/turn-view.ts";
import type { StepKey } from "../protocol/step-key.ts";
import type { LoneStep, Owner, TaskRow } from "../store/task-store.ts";

/** Tasks that are evicted side by side: a store that can carries them all by one commit. */
const atOnce = 100;

/** Evicts every task of every dead owner but this one; says whether there were any. */
export async function recover(
  world: StepWorld,
  self: string,
  deadOf: (owners: readonly Owner[]) => readonly Owner[],
): Promise<boolean> {
  const { executions } = world.store;
  let found = false;
  for (const { owner, beatAt, alone } of deadOf(await executions.owners())) {
    if (owner === self) continue;
    const evict = async (row: TaskRow): Promise<boolean> => {
      const steps = await diedUnder(world, row, alone);
      return executions.evict(row, owner, entry("recovery", { steps: [...steps] }), world.now(), beatAt);
    };
    const held = await executions.ownedBy(owner);
    for (let from = 0; from < held.length; from += atOnce) {
      const evicted = await Promise.all(held.slice(from, from + atOnce).map(evict));
      found ||= evicted.includes(true);
    }
    await executions.retire(owner, beatAt);
  }
  return found;
}

/**
 * What was in flight; where one step ran alone, that one only: the others had not begun, and are not to blame. A log that
 * can't be read blames nobody: its task says so itself when it is run, and must not hold up the recovery of the others.
 */
async function diedUnder(
  world: StepWorld,
  row: TaskRow,
  alone: LoneStep | undefined,
): Promise<readonly StepKey[]> {
  const read = await world.store.turn(row).catch(() => undefined);
  const steps = read === undefined ? [] : stepsInFlight(viewTurn(read));
  return alone === undefined ? steps : steps.filter((key) => alone.task === row.task && alone.key === key);
}
