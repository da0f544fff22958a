/** OmniForge over HTTP: REST, resumable SSE, health and metrics. */
export { createServer, type ServerOptions } from "./app.ts";
export type { Authenticate, Caller, Role } from "./caller.ts";
export { listen, isLoopback, type Listening, type ListenOptions } from "./listen.ts";
export type { ServerEnv } from "./env.ts";
