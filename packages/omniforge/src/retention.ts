/**
 * Keeping ended tasks for a time only: whoever executes tasks erases, again and again, what has ended long enough ago.
 *
 * Owns: which tasks are due, and when they are looked for. Erasing is `erase-family`'s.
 *
 * Invariants: whole families only, all of which have ended; one family after another, with a turn of the event loop
 * between them; may be killed at any time and run beside others who do the same.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { OmniForgeError } from "./protocol/error.ts";
import { eraseFamily } from "./steps/erase-family.ts";
import type { StepWorld } from "./steps/step.ts";

export interface Retention {
  /** Tasks are erased so many days after they ended, their sub-agents with them. */
  readonly endedTasksDays: number;
}

export interface Swept {
  readonly erased: number;
  /** Left until the next time: one of their sub-agents has not ended, or erasing failed. */
  readonly left: number;
}

type SweptWorld = Pick<StepWorld, "store" | "blobs" | "now">;

const dayMs = 86_400_000;
const sweepEveryMs = 3_600_000;
const pageSize = 100;

/** From when on tasks must have ended to be kept. Throws INVALID_INPUT. */
export function keptSince({ endedTasksDays: days }: Retention, now: number): number {
  if (!Number.isFinite(days) || days <= 0)
    throw new OmniForgeError("INVALID_INPUT", `retention.endedTasksDays is a number above 0, not ${days}`);
  return now - days * dayMs;
}

/** Erases every family that ended before a time; traces of it may stay in the database file until it is rewritten. */
export async function eraseEnded(
  world: SweptWorld,
  before: number,
  onError: (error: unknown) => void,
  signal?: AbortSignal,
): Promise<Swept> {
  let [erased, left] = [0, 0];
  let after: Parameters<SweptWorld["store"]["endedBefore"]>[2];
  for (;;) {
    const page = await world.store.endedBefore(before, pageSize, after);
    for (const row of page) {
      if (signal?.aborted === true) return { erased, left };
      try {
        await eraseFamily(world, row);
        erased++;
      } catch (thrown) {
        // A sub-agent that is being cancelled: its family is due once it has ended.
        if (!OmniForgeError.is(thrown, "TASK_NOT_ENDED")) onError(thrown);
        left++;
      }
      await nextTurn();
    }
    after = page.at(-1);
    if (page.length < pageSize) return { erased, left };
  }
}

/** Erases what is due, now and every hour, until it is stopped. */
export function startRetention(
  world: SweptWorld,
  retention: Retention,
  onError: (error: unknown) => void,
): { readonly stop: () => Promise<void> } {
  const over = new AbortController();
  /** What others killed before us had erased may still be in the write-ahead log. */
  let unclean = true;
  const sweep = async (): Promise<void> => {
    const { erased } = await eraseEnded(world, keptSince(retention, world.now()), onError, over.signal);
    unclean ||= erased > 0;
    if (!unclean || over.signal.aborted) return;
    await world.store.scrub({ rewrites: false });
    unclean = false;
  };
  let sweeping = Promise.resolve();
  const begin = (): void => {
    sweeping = sweeping.then(sweep).catch(onError);
  };
  const timer = setInterval(begin, sweepEveryMs).unref();
  begin();
  return {
    stop() {
      over.abort();
      clearInterval(timer);
      return sweeping;
    },
  };
}
