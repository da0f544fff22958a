/**
 * Which processes have been silent for a whole lease, by this process's own steady clock.
 *
 * Owns: how long the same beat has been seen unchanged. What time a beat names is never compared with a clock: a wall clock
 * that jumps, here or there, must not make a living process look dead.
 */
import type { Owner } from "../store/task-store.ts";

interface Seen {
  readonly beatAt: number;
  /** Steady milliseconds. */
  readonly since: number;
}

export class SignsOfLife {
  readonly #leaseMs: number;
  readonly #elapsed: () => number;
  #seen: ReadonlyMap<string, Seen> = new Map();

  constructor(leaseMs: number, elapsed: () => number) {
    this.#leaseMs = leaseMs;
    this.#elapsed = elapsed;
  }

  /** Those who are dead: the store knows it, or they have said nothing new for longer than a lease. */
  dead(owners: readonly Owner[]): readonly Owner[] {
    const now = this.#elapsed();
    const seen = new Map<string, Seen>();
    for (const { owner, beatAt } of owners) {
      const before = this.#seen.get(owner);
      seen.set(owner, before?.beatAt === beatAt ? before : { beatAt, since: now });
    }
    this.#seen = seen;
    return owners.filter(({ owner, dead }) => dead || now - (seen.get(owner)?.since ?? now) > this.#leaseMs);
  }
}
