/**
 * When a failed step is tried again, and when it no longer is: from the pinned policy and the log, never from memory
 * (rule 8).
 */
import type { RetryPolicy } from "../protocol/agent-spec.ts";
import type { EntryOf } from "../protocol/entry.ts";

/** Deaths of its process from which on a step runs alone: whoever else was in flight is innocent then. */
const deathsUntilAlone = 2;
/** Deaths alone after which it is given up. */
export const deathsUntilPoisoned = 5;

export function runsAlone(deaths: number): boolean {
  return deaths >= deathsUntilAlone;
}

export function isPoisoned(deaths: number): boolean {
  return deaths >= deathsUntilAlone + deathsUntilPoisoned;
}

/** The delay in milliseconds before the next attempt, after this many recorded failures; undefined: none is left. */
export function nextDelay(policy: RetryPolicy, failures: number, retryAfterMs = 0): number | undefined {
  if (failures >= policy.maximumAttempts) return undefined;
  const backoff = policy.initialIntervalMs * policy.backoffCoefficient ** Math.max(0, failures - 1);
  return Math.max(retryAfterMs, Math.min(backoff, policy.maximumIntervalMs));
}

/**
 * Until when the next attempt after this recorded failure waits; undefined: it is due.
 *
 * It never waits longer than the failure's own delay, or the policy's longest: where more than that is left, the clock has
 * gone back since, and the step is due. The policy counts too, because a log's times don't go back with the clock: the
 * entry may stand at a later time than its delay was counted from.
 */
export function waitsUntil(
  failure: EntryOf<"attempt"> | undefined,
  policy: RetryPolicy,
  now: number,
): number | undefined {
  const retryAt = failure?.body.retryAt;
  if (failure === undefined || retryAt === undefined || retryAt <= now) return undefined;
  const longest = Math.max(retryAt - failure.at, policy.maximumIntervalMs);
  return retryAt - now > longest ? undefined : retryAt;
}
