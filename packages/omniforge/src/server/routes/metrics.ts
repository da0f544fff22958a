/** What is counted, for Prometheus. */
import { z } from "zod";
import { route, type Route } from "../route.ts";

export const metricRoutes: readonly Route[] = [
  route(
    {
      method: "get",
      path: "/metrics",
      operation: "scrape",
      summary: "What is counted, as Prometheus reads it.",
      description: "Of the whole process, whatever the tenant: numbers only.",
      tag: "operation",
      role: "viewer",
      answers: { 200: { description: "The numbers.", content: { "text/plain": z.string() } } },
    },
    ({ context }) =>
      context.text(context.var.metrics.text(), 200, {
        "content-type": "text/plain; version=0.0.4; charset=utf-8",
      }),
  ),
];
