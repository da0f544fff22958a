/**
 * Requests to one server. What fails in passing is tried again: every request here may be repeated, because those that
 * create something carry an idempotency key.
 */
import { ClientError, toClientError, unreachable } from "./client-error.ts";
import { pause } from "./pause.ts";

export interface ClientOptions {
  /** The server, without `/api/v1`: `http://127.0.0.1:4000`. */
  readonly url: string;
  /** An API key; none for a server of this machine that has no keys. */
  readonly key?: string | undefined;
  /** What requests are made with. Default the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How often a request that failed in passing is tried again. Default 3. */
  readonly retries?: number;
}

export interface Ask {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export interface Http {
  /** How often a request that failed in passing is tried again. */
  readonly retries: number;
  /** The answer's body. Throws ClientError. */
  json(path: string, ask?: Ask): Promise<unknown>;
  /** The response as it is, whatever its status; one try. Throws ClientError (UNREACHABLE). */
  send(path: string, ask?: Ask): Promise<Response>;
  /** The error that a response stands for. */
  errorOf(response: Response): Promise<ClientError>;
}

const longestPauseMs = 30_000;

export function createHttp(options: ClientOptions): Http {
  const { key, headers, retries = 3 } = options;
  const base = `${options.url.replace(/\/+$/, "")}/api/v1`;
  const ownFetch = options.fetch ?? ((...given: Parameters<typeof fetch>) => fetch(...given));

  async function send(path: string, { method = "GET", query = {}, body, headers: more, signal }: Ask = {}) {
    const url = `${base}${path}${queryText(query)}`;
    try {
      return await ownFetch(url, {
        method,
        headers: {
          accept: "application/json",
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
          ...more,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal !== undefined && { signal }),
        redirect: "error",
      });
    } catch (thrown) {
      if (signal?.aborted === true) throw thrown;
      throw unreachable(base, thrown);
    }
  }

  async function once(path: string, ask: Ask): Promise<unknown> {
    const response = await send(path, ask);
    if (!response.ok) throw await toClientError(response, base);
    if (response.status === 204) return undefined;
    try {
      return await response.json();
    } catch (thrown) {
      if (ask.signal?.aborted === true) throw thrown;
      throw unreachable(base, thrown);
    }
  }

  return {
    retries,
    send,
    errorOf: (response) => toClientError(response, base),
    async json(path, ask = {}) {
      for (let attempt = 0; ; attempt++) {
        try {
          return await once(path, ask);
        } catch (thrown) {
          if (!(thrown instanceof ClientError) || !isPassing(thrown) || attempt >= retries) throw thrown;
          await pause(Math.min(longestPauseMs, thrown.retryAfterMs ?? backoff(attempt)), ask.signal);
        }
      }
    },
  };
}

/** Whether the same request may go through later. */
export function isPassing({ status }: ClientError): boolean {
  return status === 0 || status === 429 || status === 502 || status === 503 || status === 504;
}

/** Doubled each time, with jitter: who lost the same server does not come back all at once. */
export function backoff(attempt: number, firstMs = 250): number {
  return Math.min(longestPauseMs, firstMs * 2 ** attempt) * (0.5 + Math.random() / 2);
}

/** An id that nobody else draws. Not `randomUUID`: browsers have it on secure pages only. */
export function drawId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

function queryText(query: NonNullable<Ask["query"]>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (typeof value === "object") for (const one of value) given.append(name, one);
    else given.append(name, String(value));
  }
  const text = given.toString();
  return text === "" ? "" : `?${text}`;
}
