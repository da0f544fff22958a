/**
 * When a failed step is tried again, and when it no longer is: from the pinned policy and the log, never from memory
 * (rule 8).
 */
import type { RetryPolicy } from "../protocol/agent-spec.ts";

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
