/**
 * The server: one Hono app over an OmniForge. It knows the log and the backend's seam, never an engine.
 *
 * Order of a request: Host and Origin, who calls, guards (limits of rate …), the route's least role, its schemas, its
 * handler. Whatever is thrown becomes a problem.
 */
import { Hono, type MiddlewareHandler } from "hono";
import type { OmniForge } from "../create-omniforge.ts";
import { isKind, type Entry } from "../protocol/entry.ts";
import { OmniForgeError } from "../protocol/error.ts";
import { hideSchemas } from "../redaction/hide-schemas.ts";
import { redactForge } from "../redaction/redact-forge.ts";
import { a2aFailure, isAgentCard } from "./a2a/index.ts";
import { checkBrowser, type BrowserOptions } from "./browser.ts";
import { everybodyIsAdmin, type Authenticate } from "./caller.ts";
import { documentRoutes } from "./document.ts";
import type { ServerContext, ServerEnv } from "./env.ts";
import { Health, healthRoutes } from "./health.ts";
import { Metrics } from "./metrics.ts";
import { observed } from "./observed.ts";
import { problemResponse } from "./problem.ts";
import { methodsOf, mountRoutes, type Route } from "./route.ts";
import { routes } from "./routes.ts";
import { metricRoutes } from "./routes/metrics.ts";
import { Streams, type StreamsOptions } from "./sse/streams.ts";
import { entryView } from "./view/entry-view.ts";

export interface ServerOptions extends BrowserOptions {
  /** Who calls. Default: everybody is admin of the tenant `default`, which only suits a server for this machine. */
  readonly authenticate?: Authenticate;
  /** Looked at once it is known who calls, before the route: limits of rate. */
  readonly guards?: readonly MiddlewareHandler<ServerEnv>[];
  /** Other protocols over the same OmniForge, mounted after authentication and guards. */
  readonly extensions?: readonly ((app: Hono<ServerEnv>, forge: OmniForge) => void)[];
  readonly streams?: StreamsOptions;
  /** Hears of what should not have happened: a defect, or a store that fails. Default: nobody. */
  readonly onError?: (error: unknown, operation: string) => void;
}

/** The app, and what ends with it. */
export interface OmniForgeServer extends Hono<ServerEnv> {
  /** Sends nobody here any more, and ends all streams with a word on when to come again. */
  stop(): void;
}

/** Where only those who are let in may go. */
const guarded = ["/api/*", "/a2a/*", "/metrics"];

/** Every route of the server itself: what the document, authorization and the tests are derived from. */
export const serverRoutes: readonly Route[] = [...routes, ...healthRoutes, ...metricRoutes];

/** Makes the app; `listen` gives it a port, `app.request()` needs none. */
export function createServer(whole: OmniForge, options: ServerOptions = {}): OmniForgeServer {
  const forge = redactForge(whole, hideSchemas(whole.redactor));
  const { authenticate = everybodyIsAdmin, guards = [], extensions = [], onError } = options;
  const streams = new Streams(options.streams);
  const health = new Health(whole);
  const metrics = new Metrics();
  const unsubscribe = whole.events.subscribe((event) => metrics.note(event));
  metrics.measure(() => {
    const { open, opened, cutOff } = streams.counts;
    metrics.set("omniforge_streams_open", "Event streams, and requests that wait for an answer.", open);
    metrics.set("omniforge_streams_opened", "Those since the start.", opened);
    metrics.set("omniforge_streams_cut_off", "Streams whose client did not read.", cutOff);
  });

  const app = new Hono<ServerEnv>();
  const failure = (error: unknown, context: ServerContext): Response | Promise<Response> => {
    if (!OmniForgeError.is(error) || error.status === 500) onError?.(error, context.var.operation ?? "none");
    return context.req.path.startsWith("/a2a/")
      ? a2aFailure(context, error)
      : problemResponse(error, {}, firstAnswer(forge, error));
  };
  app.onError(failure);
  app.notFound((context) => notFound(context, failure));
  app.use(observed(metrics));
  app.use(async (context, next) => {
    context.set("streams", streams);
    context.set("health", health);
    context.set("metrics", metrics);
    await next();
  });
  app.use(checkBrowser(options));
  for (const path of guarded) {
    app.use(path, async (context, next) => {
      if (isAgentCard(context.req.method, context.req.path)) return next();
      const caller = await authenticate(context);
      context.set("caller", caller);
      context.set("forge", forge.forTenant(caller.tenant));
      await next();
    });
    for (const guard of guards) app.use(path, exceptCards(guard));
  }
  mountRoutes(app, serverRoutes);
  mountRoutes(app, documentRoutes(serverRoutes));
  for (const extend of extensions) extend(app, forge);
  const stop = (): void => {
    health.stop();
    streams.close();
    metrics.close();
    unsubscribe();
  };
  return Object.assign(app, { stop });
}

/** Agents' cards are anybody's: there is no caller to look at. */
function exceptCards(guard: MiddlewareHandler<ServerEnv>): MiddlewareHandler<ServerEnv> {
  return async (context, next) =>
    isAgentCard(context.req.method, context.req.path) ? next() : guard(context, next);
}

/** A path that is there under other methods, or not at all. */
function notFound(
  context: ServerContext,
  failure: (error: unknown, context: ServerContext) => Response | Promise<Response>,
): Response | Promise<Response> {
  const { method, path } = context.req;
  const methods = methodsOf(serverRoutes, path);
  if (methods.length === 0)
    return failure(
      new OmniForgeError("ROUTE_NOT_FOUND", `there is no ${method} ${path.slice(0, 200)}`),
      context,
    );
  const error = new OmniForgeError("METHOD_NOT_ALLOWED", `${path.slice(0, 200)} takes ${methods.join(", ")}`);
  return problemResponse(error, { allow: methods.join(", ") });
}

/** Whoever answers second is shown the first answer. */
function firstAnswer(forge: OmniForge, error: unknown): Record<string, unknown> {
  if (!OmniForgeError.is(error, "ALREADY_ANSWERED")) return {};
  const first = error.details["first"] as Entry | undefined;
  return first !== undefined && isKind("input")(first) ? { first: entryView(forge, first) } : {};
}
