/** What the server's app needs of this folder: who calls, by their key, and how much each tenant may ask for. */
import type { MiddlewareHandler } from "hono";
import { OmniForgeError } from "../../protocol/error.ts";
import type { KeyStore } from "../../store/key-store.ts";
import type { Authenticate } from "../caller.ts";
import type { ServerEnv } from "../env.ts";
import { createAuthenticate, type AuthenticateOptions } from "./authenticate.ts";
import { createKeyWatch } from "./key-watch.ts";
import { tokenBuckets, type Quota, type Tokens } from "./token-buckets.ts";

/** Callers are known by API keys; while there has never been one, whoever is at this machine is admin of `default`. */
export function authenticateByKey(keys: KeyStore, options?: AuthenticateOptions): Authenticate {
  const authenticate = createAuthenticate(keys, options);
  return ({ req, env }) => authenticate(req.header("authorization"), env?.incoming?.socket.remoteAddress);
}

/** Lets streams end once the key that they were opened with is revoked or has expired. */
export function endWithKey(keys: KeyStore): MiddlewareHandler<ServerEnv> {
  const watch = createKeyWatch(keys);
  return (context, next) => {
    const { key } = context.var.caller;
    if (key !== undefined) context.set("keyEnds", (ended) => watch.watch(key, ended));
    return next();
  };
}

/**
 * So many requests for each tenant, whichever of its keys they come with. A stream counts once. Who needs no key is not
 * limited. Throws RATE_LIMITED.
 */
export function limitRate(
  quota: Quota = { quota: 6_000, windowSeconds: 60 },
  now?: () => number,
): MiddlewareHandler<ServerEnv> {
  const buckets = tokenBuckets(quota, now);
  const policy = `"tenant";q=${quota.quota};w=${quota.windowSeconds}`;
  const headersFor = ({ remaining, fullInSeconds }: Tokens): Record<string, string> => ({
    "ratelimit-policy": policy,
    ratelimit: `"tenant";r=${remaining};t=${fullInSeconds}`,
  });
  return async (context, next) => {
    const { key, tenant } = context.var.caller;
    if (key === undefined) return next();
    const tokens = buckets.take(tenant);
    // Before the answer, because a stream's goes out from within, and a refusal is written by what is spoken.
    for (const [name, value] of Object.entries(headersFor(tokens))) context.res.headers.set(name, value);
    if (tokens.allowed) return next();
    const seconds = tokens.nextInSeconds;
    throw new OmniForgeError("RATE_LIMITED", `the tenant's requests are used up; wait ${seconds} s`, {
      details: { retryAfterSeconds: seconds },
    });
  };
}
