/** OmniForge over HTTP: REST, resumable SSE, health and metrics. */
export { createServer, type ServerOptions } from "./app.ts";
export { authenticateByKey, endWithKey, limitRate } from "./auth/by-key.ts";
export type { Quota } from "./auth/token-buckets.ts";
export type { Role } from "../protocol/role.ts";
export type { Authenticate, Caller } from "./caller.ts";
export { listen, isLoopback, type Listening, type ListenOptions } from "./listen.ts";
export type { ServerEnv } from "./env.ts";
