/**
 * The server: one Hono app over an OmniForge. It knows the log and the backend's seam, never an engine.
 *
 * Order of a request: Host and Origin, who calls, guards (limits of rate …), the route's least role, its schemas, its
 * handler. Whatever is thrown becomes a problem.
 */
import { Hono, type MiddlewareHandler } from "hono";
import type { OmniForge } from "../create-omniforge.ts";
import { OmniForgeError } from "../protocol/error.ts";
import { redactForge } from "../redaction/redact-forge.ts";
import { a2aFailure, isAgentCard } from "./a2a/index.ts";
import { everybodyIsAdmin, type Authenticate } from "./caller.ts";
import type { ServerContext, ServerEnv } from "./env.ts";
import { problemResponse } from "./problem.ts";
import { mountRoutes } from "./route.ts";
import { routes } from "./routes.ts";

export interface ServerOptions {
  /** Who calls. Default: everybody is admin of the tenant `default`, which only suits a server for this machine. */
  readonly authenticate?: Authenticate;
  /** Looked at once it is known who calls, before the route: limits of rate. */
  readonly guards?: readonly MiddlewareHandler<ServerEnv>[];
  /** Other protocols over the same OmniForge, mounted after authentication and guards. */
  readonly extensions?: readonly ((app: Hono<ServerEnv>, forge: OmniForge) => void)[];
}

/** Where only those who are let in may go. */
const guarded = ["/api/*", "/a2a/*"];

/** Makes the app; `listen` gives it a port, `app.request()` needs none. */
export function createServer(whole: OmniForge, options: ServerOptions = {}): Hono<ServerEnv> {
  const forge = redactForge(whole, whole.redactor);
  const { authenticate = everybodyIsAdmin, guards = [], extensions = [] } = options;
  const app = new Hono<ServerEnv>();
  const failure = (error: unknown, context: ServerContext): Response | Promise<Response> =>
    context.req.path.startsWith("/a2a/") ? a2aFailure(context, error) : problemResponse(error);
  app.onError(failure);
  app.notFound((context) =>
    failure(
      new OmniForgeError("ROUTE_NOT_FOUND", `there is no ${context.req.method} ${context.req.path}`),
      context,
    ),
  );
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
  mountRoutes(app, routes);
  for (const extend of extensions) extend(app, forge);
  return app;
}

/** Agents' cards are anybody's: there is no caller to look at. */
function exceptCards(guard: MiddlewareHandler<ServerEnv>): MiddlewareHandler<ServerEnv> {
  return async (context, next) =>
    isAgentCard(context.req.method, context.req.path) ? next() : guard(context, next);
}
