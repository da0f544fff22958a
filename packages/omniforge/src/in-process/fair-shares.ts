/**
 * How many tasks of each tenant a process may hold in memory.
 *
 * Any tenant may fill all places while nobody else wants them. Beyond them each still gets its share of the slots in which
 * steps run: so whoever comes when all is taken runs at once, and never waits for another's tasks to end.
 *
 * Invariant: no more are held than there are places, and one share for each tenant.
 */
import type { Held } from "../store/task-store.ts";

export class FairShares {
  readonly #places: number;
  readonly #slots: number;
  readonly #held = new Map<string, number>();
  #total = 0;

  constructor(places: number, slots: number) {
    this.#places = places;
    this.#slots = Math.min(places, slots);
  }

  get held(): Held {
    return this.#held;
  }

  /** How many tasks to look for: for the places that are free, or for tenants that have less than their share. */
  get wanted(): number {
    return Math.max(this.#places - this.#total, this.#slots);
  }

  /** Whether one more of this tenant's may be held. */
  admits(tenant: string): boolean {
    if (this.#total < this.#places) return true;
    const held = this.#held.get(tenant) ?? 0;
    const tenants = this.#held.size + (held === 0 ? 1 : 0);
    return held < Math.ceil(this.#slots / tenants);
  }

  take(tenant: string): void {
    this.#total++;
    this.#held.set(tenant, (this.#held.get(tenant) ?? 0) + 1);
  }

  leave(tenant: string): void {
    this.#total--;
    const left = (this.#held.get(tenant) ?? 0) - 1;
    if (left > 0) this.#held.set(tenant, left);
    else this.#held.delete(tenant);
  }
}
