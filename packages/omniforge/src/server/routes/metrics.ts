/**
 * What is counted, for Prometheus: of all tenants together. How much one uses is nothing for another, whatever its role there.
 */
import { z } from "zod";
import { OmniForgeError } from "../../protocol/error.ts";
import { ownTenant } from "../caller.ts";
import { route, type Route } from "../route.ts";

export const metricRoutes: readonly Route[] = [
  route(
    {
      method: "get",
      path: "/metrics",
      operation: "scrape",
      summary: "What is counted, as Prometheus reads it.",
      description: `Of the whole process, all tenants together, for admins of the tenant ${ownTenant}: numbers only.`,
      tag: "operation",
      role: "admin",
      answers: { 200: { description: "The numbers.", content: { "text/plain": z.string() } } },
    },
    ({ caller, context }) => {
      if (caller.tenant !== ownTenant)
        throw new OmniForgeError("FORBIDDEN", `these numbers are for admins of the tenant ${ownTenant}`);
      return context.text(context.var.metrics.text(), 200, {
        "content-type": "text/plain; version=0.0.4; charset=utf-8",
      });
    },
  ),
];
