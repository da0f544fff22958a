/** Each request counted, by its route and outcome, and traced where an SDK of OpenTelemetry is present. */
import type { MiddlewareHandler } from "hono";
import { traceRequest } from "../telemetry/index.ts";
import type { ServerEnv } from "./env.ts";
import type { Metrics } from "./metrics.ts";

export function observed(metrics: Metrics): MiddlewareHandler<ServerEnv> {
  return async (context, next) => {
    const began = performance.now();
    const { method } = context.req;
    const span = traceRequest(method, (name) => context.req.header(name));
    await span.run(next);
    const { status } = context.res;
    const route = context.get("operation") ?? "none";
    span.end(route, status);
    const seconds = (performance.now() - began) / 1_000;
    const labels = { route, method: known.has(method) ? method : "other" };
    metrics.add("omniforge_http_requests_total", "Requests.", { ...labels, status: String(status) });
    metrics.add("omniforge_http_request_seconds_total", "Time until their answers began.", labels, seconds);
  };
}

/** A label is never what a client made up. */
const known = new Set(["GET", "HEAD", "POST", "DELETE", "OPTIONS"]);
