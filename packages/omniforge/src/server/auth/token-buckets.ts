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

/**
 * What a bucket holds, in whole units: a token is as many as the window has milliseconds, and a millisecond regains `quota`
 * of them. In fractions of a token, who waits exactly as long as was said could be refused by a rounding error.
 */
interface Bucket {
  units: number;
  at: number;
}

/** The most buckets that are remembered: beyond, the one that was not used for longest is forgotten. */
const remembered = 10_000;

export function tokenBuckets(quota: Quota, now: () => number = Date.now): TokenBuckets {
  const buckets = new Map<string, Bucket>();
  const token = quota.windowSeconds * 1_000;
  const full = quota.quota * token;

  const bucketOf = (key: string): Bucket => {
    const at = now();
    const known = buckets.get(key);
    if (known === undefined) return { units: full, at };
    // A clock that goes back gives nothing.
    return { units: Math.min(full, known.units + Math.max(0, at - known.at) * quota.quota), at };
  };
  const secondsFor = (units: number): number => Math.ceil(Math.max(0, units) / quota.quota / 1_000);
  const say = ({ units }: Bucket, allowed: boolean): Tokens => ({
    allowed,
    remaining: Math.floor(units / token),
    fullInSeconds: secondsFor(full - units),
    nextInSeconds: secondsFor(token - units),
  });
  return {
    quota,
    look(key) {
      const bucket = bucketOf(key);
      return say(bucket, bucket.units >= token);
    },
    take(key) {
      const bucket = bucketOf(key);
      const allowed = bucket.units >= token;
      if (allowed) bucket.units -= token;
      // Put last: the map's order is the order of use.
      buckets.delete(key);
      buckets.set(key, bucket);
      const [oldest] = buckets.keys();
      if (buckets.size > remembered && oldest !== undefined) buckets.delete(oldest);
      return say(bucket, allowed);
    },
  };
}
