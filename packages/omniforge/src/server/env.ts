/** What every request carries on its way through the server. */
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { OmniForge } from "../create-omniforge.ts";
import type { Caller } from "./caller.ts";

export interface ServerEnv {
  Variables: {
    /** Set by authentication; routes that anyone may call have none. */
    caller: Caller;
    /** The caller's tenant's view: nothing reached through it is another tenant's. */
    forge: OmniForge;
  };
  /** None where the app is called without a port. */
  Bindings: Partial<HttpBindings>;
}

export type ServerContext = Context<ServerEnv, string>;
