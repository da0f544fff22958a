/** What every request carries on its way through the server. */
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { OmniForge } from "../create-omniforge.ts";
import type { Caller } from "./caller.ts";
import type { Health } from "./health.ts";
import type { Metrics } from "./metrics.ts";
import type { Streams } from "./sse/streams.ts";

export interface ServerEnv {
  Variables: {
    /** Set by authentication; routes that anyone may call have none. */
    caller: Caller;
    /** The caller's tenant's view: nothing reached through it is another tenant's. */
    forge: OmniForge;
    /** Calls back once the caller's key is not valid any more; returns how to stop waiting for it. None: without a key. */
    keyEnds?: (ended: () => void) => () => void;
    streams: Streams;
    health: Health;
    metrics: Metrics;
    /** The route's operation, once it is known: what is counted and traced by. */
    operation: string;
  };
  /** None where the app is called without a port. */
  Bindings: Partial<HttpBindings>;
}

export type ServerContext = Context<ServerEnv, string>;
