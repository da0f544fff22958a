/** When a failed step is tried again: from the pinned policy and the recorded failures, never from memory (rule 8). */
import type { RetryPolicy } from "../protocol/agent-spec.ts";

/** Deaths alone after which a step is given up as POISONED. */
export const deathsUntilPoisoned = 5;

/** The delay in milliseconds before the next attempt, after this many recorded failures; undefined: none is left. */
export function nextDelay(policy: RetryPolicy, failures: number, retryAfterMs = 0): number | undefined {
  if (failures >= policy.maximumAttempts) return undefined;
  const backoff = policy.initialIntervalMs * policy.backoffCoefficient ** Math.max(0, failures - 1);
  return Math.max(retryAfterMs, Math.min(backoff, policy.maximumIntervalMs));
}
