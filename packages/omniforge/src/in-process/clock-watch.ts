/**
 * A wall clock that jumps: noticed beside the steady clock, and put right for tasks that wait for a time.
 *
 * What is due comes due by the wall clock. After the clock went back, a backoff of seconds would last for hours: every task
 * that waits for a time is then looked at once, and its steps decide anew, from the log. A deadline is a promise of the
 * wall clock, and simply waits on.
 */
import type { StepWorld } from "../steps/step.ts";

/** Slower drift is what clocks do. */
const jumpMs = 1_000;
/** Tasks that are looked at again after a jump; beyond them, each waits for its time. */
const atOnce = 2_000;

export class ClockWatch {
  readonly #now: () => number;
  readonly #elapsed: () => number;
  #ahead: number;

  constructor(now: () => number, elapsed: () => number) {
    this.#now = now;
    this.#elapsed = elapsed;
    this.#ahead = now() - elapsed();
  }

  /** By how many milliseconds the clock has jumped since the last look; 0: it has not. */
  jumped(): number {
    const ahead = this.#now() - this.#elapsed();
    const by = ahead - this.#ahead;
    this.#ahead = ahead;
    return Math.abs(by) > jumpMs ? by : 0;
  }
}

/**
 * Makes tasks that wait for a later time due now. `stale`: only those whose log says that it is later than now, which
 * means that the clock went back while nobody looked. Says whether there were any.
 */
export async function lookAgain({ store, now }: StepWorld, which: "all" | "stale"): Promise<boolean> {
  const { executions } = store;
  let found = false;
  for (const reference of await executions.runnable(Number.MAX_SAFE_INTEGER, atOnce)) {
    const row = await store.row(reference);
    const at = now();
    if (row === undefined || row.owner !== null || row.endedSeq !== null) continue;
    if (row.nextAt === null || row.nextAt <= at || (which === "stale" && row.updatedAt <= at)) continue;
    // Should somebody take it meanwhile, this costs one more look.
    await executions.park(reference, { wakes: row.parkedAtWakes ?? row.wakes, nextAt: at });
    found = true;
  }
  return found;
}
