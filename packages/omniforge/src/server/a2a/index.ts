/** A2A 1.0 for every agent, as an extension of the server. */
import type { Hono } from "hono";
import type { OmniForge } from "../../create-omniforge.ts";
import { mountRoutes } from "../route.ts";
import type { ServerContext, ServerEnv } from "../env.ts";
import { a2aRoutes, type A2AOptions } from "./routes.ts";

export { a2aRoutes, isAgentCard, type A2AOptions } from "./routes.ts";

/** Mounts A2A: `createServer(forge, { extensions: [a2a()] })`. */
export function a2a(options: A2AOptions = {}): (app: Hono<ServerEnv>, forge: OmniForge) => void {
  return (app, forge) => mountRoutes(app, a2aRoutes(forge, options));
}

/** What is told of a request that reached no operation: who may not call, what is not there. */
export async function a2aFailure(context: ServerContext, thrown: unknown): Promise<Response> {
  return (await import("./serve.ts")).answerFailure(context, thrown);
}
