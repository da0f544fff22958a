/**
 * Token buckets, one for each key of a kind: a tenant's requests, an address's failures.
 *
 * A bucket holds `quota` tokens and regains all of them evenly over the window. Nothing runs in the background: a bucket
 * is brought up to date when it is asked. A full bucket need not be remembered, so there are never more than those in use.
 */

export interface Quota {
  /** How many within the window, and at once at most. */
  readonly quota: number;
  readonly windowSeconds: number;
}

/** What a bucket says. Seconds are whole and rounded up. */
export interface Tokens {
  readonly allowed: boolean;
  readonly remaining: number;
  /** Until the bucket is full again. */
  readonly fullInSeconds: number;
  /** Until there is a token; 0 where there is one. */
  readonly nextInSeconds: number;
}

export interface TokenBuckets {
  readonly quota: Quota;
  /** Takes a token where there is one. */
  take(key: string): Tokens;
  /** Looks without taking. */
  look(key: string): Tokens;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** The most buckets that are remembered: beyond, the one that was not used for longest is forgotten. */
const remembered = 10_000;

export function tokenBuckets(quota: Quota, now: () => number = Date.now): TokenBuckets {
  const buckets = new Map<string, Bucket>();
  const perMs = quota.quota / (quota.windowSeconds * 1_000);

  const bucketOf = (key: string): Bucket => {
    const at = now();
    const known = buckets.get(key);
    if (known === undefined) return { tokens: quota.quota, at };
    // A clock that goes back gives nothing.
    return { tokens: Math.min(quota.quota, known.tokens + Math.max(0, at - known.at) * perMs), at };
  };
  const say = ({ tokens }: Bucket, allowed: boolean): Tokens => ({
    allowed,
    remaining: Math.floor(tokens),
    fullInSeconds: Math.ceil((quota.quota - tokens) / perMs / 1_000),
    nextInSeconds: tokens >= 1 ? 0 : Math.ceil((1 - tokens) / perMs / 1_000),
  });
  return {
    quota,
    look(key) {
      const bucket = bucketOf(key);
      return say(bucket, bucket.tokens >= 1);
    },
    take(key) {
      const bucket = bucketOf(key);
      const allowed = bucket.tokens >= 1;
      if (allowed) bucket.tokens -= 1;
      // Put last: the map's order is the order of use.
      buckets.delete(key);
      buckets.set(key, bucket);
      const [oldest] = buckets.keys();
      if (buckets.size > remembered && oldest !== undefined) buckets.delete(oldest);
      return say(bucket, allowed);
    },
  };
}
