/**
 * Giving the app a port: limits on requests, only this machine until keys exist, and a graceful end.
 */
import { createAdaptorServer } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Server } from "node:http";
import { OmniForgeError } from "../protocol/error.ts";
import type { OmniForgeServer } from "./app.ts";

export interface ListenOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 4000; 0: any free one. */
  readonly port?: number;
  /** Whether another address than this machine's own may be listened to: whether keys exist. Default never. */
  readonly mayListen?: () => boolean | Promise<boolean>;
  /** How long a request may take to arrive, and its header alone. Default 30 s and 10 s. */
  readonly requestMs?: number;
  readonly headerMs?: number;
  /** How long requests may go on once the server stops. Default 10 s. */
  readonly graceMs?: number;
}

export interface Listening {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Takes no more requests, ends streams with a word on when to come again, and waits for what runs. */
  close(): Promise<void>;
}

const loopback = new Set(["127.0.0.1", "::1", "localhost"]);

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return loopback.has(host) || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Listens. Throws INVALID_INPUT for an address that would let in anybody while there is no key. */
export async function listen(app: OmniForgeServer, options: ListenOptions = {}): Promise<Listening> {
  const { host = "127.0.0.1", port = 4000, mayListen = () => false } = options;
  const { requestMs = 30_000, headerMs = 10_000, graceMs = 10_000 } = options;
  if (!isLoopback(host) && !(await mayListen()))
    throw new OmniForgeError(
      "INVALID_INPUT",
      `${host} can be reached from other machines, and no keys are set up: create one first (omniforge keys create), or listen on 127.0.0.1`,
    );
  const server = createAdaptorServer({
    async fetch(request, env) {
      const response = await app.fetch(request, env);
      // A stream writes to its socket by itself: ten thousand of them would be too much for web streams.
      return env.outgoing.headersSent ? RESPONSE_ALREADY_SENT : response;
    },
    serverOptions: {
      requestTimeout: requestMs,
      headersTimeout: headerMs,
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16 * 1024,
      connectionsCheckingInterval: Math.min(2_000, headerMs),
    },
  }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  return {
    host,
    port: bound,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise<void>((resolve, reject) => {
        app.stop();
        const late = setTimeout(() => server.closeAllConnections(), graceMs);
        // Connections are kept open after an answer, also after one that is given now: nobody is to wait for those.
        const answered = setInterval(() => server.closeIdleConnections(), 50);
        server.close((error) => {
          clearTimeout(late);
          clearInterval(answered);
          if (error === undefined) resolve();
          else reject(error);
        });
        server.closeIdleConnections();
      }),
  };
}
