/**
 * Whether steps over a world show that they live: heartbeats while they run, and the word of an attempt that ends in good
 * order.
 *
 * Always, outside of tests. A test that lets a process of its own look dead, or stand still, silences that one's world:
 * what runs over it falls silent, and what would begin is handed back, because the polls of a process that is really dead
 * are gone.
 */
import type { StepWorld } from "omniforge/steps";

const silenced = new WeakSet<StepWorld>();

export function showsLife(world: StepWorld): boolean {
  return !silenced.has(world);
}

/** From now on nothing over this world shows life to the server, until it is let speak again. */
export function silence(world: StepWorld, silent: boolean): void {
  if (silent) silenced.add(world);
  else silenced.delete(world);
}
