/**
 * What browsers may do to this server: pages of others can reach any address that the person at the browser can, and names
 * can be made to point at this machine (DNS rebinding).
 *
 * Invariants: a server for this machine answers to this machine's names only; a page of another origin is refused, unless
 * its origin is configured; nothing is allowed by a wildcard.
 */
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { OmniForgeError } from "../protocol/error.ts";
import { isLoopback } from "./listen.ts";
import type { ServerEnv } from "./env.ts";

export interface BrowserOptions {
  /** Names that the server answers to, beside this machine's own. `any`: reached by names that it does not know. */
  readonly hosts?: readonly string[] | "any";
  /** Origins whose pages may call: `https://app.example.com`. Default none. */
  readonly origins?: readonly string[];
}

/** Throws HOST_REFUSED or ORIGIN_REFUSED. */
export function checkBrowser({ hosts = [], origins = [] }: BrowserOptions): MiddlewareHandler<ServerEnv> {
  const allow = cors({
    origin: [...origins],
    allowMethods: ["GET", "POST", "DELETE"],
    allowHeaders: [
      "authorization",
      "content-type",
      "idempotency-key",
      "last-event-id",
      "if-match",
      "if-none-match",
      "a2a-version",
      "a2a-extensions",
    ],
    exposeHeaders: [
      "etag",
      "location",
      "conversation-id",
      "ratelimit",
      "ratelimit-policy",
      "retry-after",
      "a2a-extensions",
    ],
    maxAge: 600,
  });
  const siteOf = createSites();
  return async (context, next) => {
    const site = siteOf(context.req.url);
    if (hosts !== "any" && !isOwnName(site.hostname) && !hosts.includes(site.hostname))
      throw new OmniForgeError("HOST_REFUSED", `this server does not answer to the name ${site.hostname}`);
    const origin = context.req.header("origin");
    if (origin === undefined || origin === site.origin || isSameHost(origin, site.host)) return next();
    if (!origins.includes(origin))
      throw new OmniForgeError(
        "ORIGIN_REFUSED",
        `pages of ${JSON.stringify(origin.slice(0, 100))} may not call this server`,
      );
    return allow(context, next);
  };
}

/** Of the URL as far as its path: most requests name the same one as the request before. */
function createSites(): (url: string) => Pick<URL, "hostname" | "host" | "origin"> {
  let last: { readonly prefix: string; readonly site: URL } | undefined;
  return (url) => {
    const path = url.indexOf("/", url.indexOf("//") + 2);
    const prefix = path === -1 ? url : url.slice(0, path);
    if (last?.prefix !== prefix) last = { prefix, site: new URL(prefix) };
    return last.site;
  };
}

function isOwnName(host: string): boolean {
  return isLoopback(host.replace(/^\[(.*)\]$/, "$1")) || host.endsWith(".localhost");
}

/** Behind a proxy that speaks TLS the scheme differs. */
function isSameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}
