/**
 * Getting one URL, through its redirects, within limits.
 *
 * Owns: the redirects (each is parsed, resolved and checked like the first URL), and the limits on time and size. The size
 * is counted after decompression. Nothing is sent but the request itself: no cookies, no credentials, no referrer.
 */
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { OmniForgeError } from "../../../protocol/error.ts";
import { openConnection, type Network, type PrivateHosts } from "./connection.ts";
import { hostOf, parseWebUrl, portOf, refuse } from "./web-url.ts";

export interface Getting {
  readonly network: Network;
  readonly allowPrivate: PrivateHosts;
  /** Ports that may be connected to; hosts that are allowed by `allowPrivate` are reached on any. */
  readonly ports: readonly number[] | "any";
  readonly maximumBytes: number;
  readonly maximumRedirects: number;
  readonly signal: AbortSignal;
}

export interface Got {
  readonly url: URL;
  readonly status: number;
  readonly contentType: string;
  readonly bytes: Uint8Array;
  /** Whether there was more than the size limit lets through. */
  readonly cut: boolean;
}

const redirects = new Set([301, 302, 303, 307, 308]);

/** Throws URL_REFUSED, TOOL_FAILED, or the signal's reason. */
export async function get(written: string, how: Getting): Promise<Got> {
  let url = parseWebUrl(written);
  for (let hop = 0; ; hop++) {
    const response = await ask(url, how);
    try {
      const status = response.statusCode ?? 0;
      const { location } = response.headers;
      if (!redirects.has(status) || location === undefined)
        return {
          url,
          status,
          contentType: response.headers["content-type"] ?? "",
          ...(await body(response, how)),
        };
      if (hop === how.maximumRedirects)
        throw refuse(`more than ${how.maximumRedirects} redirects, the last from ${url.href}`);
      url = parseWebUrl(location, url);
    } finally {
      response.destroy();
    }
  }
}

async function ask(url: URL, how: Getting): Promise<IncomingMessage> {
  const { network, allowPrivate, ports, signal } = how;
  const open = allowPrivate === true || ports === "any" || ports.includes(portOf(url));
  const named =
    Array.isArray(allowPrivate) && allowPrivate.some((one) => one === url.host || one === url.hostname);
  if (!open && !named) throw refuse(`port ${portOf(url)} of ${hostOf(url)} is refused`);
  // Loaded with the first request: it brings Node's whole HTTP client along, which few programs need at their start.
  const { request } = await import("node:http");
  const socket = await openConnection(url, network, allowPrivate, signal);
  return new Promise((resolve, reject) => {
    const asked = request({
      // With a connection of our own there is no agent, and so no proxy of the environment.
      createConnection: () => socket,
      host: hostOf(url),
      path: url.pathname + url.search,
      signal,
      headers: {
        host: url.host,
        accept: "text/html, application/json, text/*;q=0.9, */*;q=0.5",
        "accept-encoding": "gzip, deflate, br",
        "user-agent": "omniforge-fetch",
        connection: "close",
      },
    });
    asked.on("response", resolve);
    asked.on("error", (error) => {
      socket.destroy();
      if (signal.aborted) reject(signal.reason as Error);
      else
        reject(
          new OmniForgeError("TOOL_FAILED", `${url.host} broke off: ${error.message}`, { cause: error }),
        );
    });
    asked.end();
  });
}

async function body(response: IncomingMessage, how: Getting): Promise<Pick<Got, "bytes" | "cut">> {
  const chunks: Uint8Array[] = [];
  let room = how.maximumBytes;
  try {
    for await (const chunk of decoded(response)) {
      if (!(chunk instanceof Uint8Array)) continue;
      chunks.push(chunk.subarray(0, room));
      room -= chunk.length;
      if (room < 0) return { bytes: Buffer.concat(chunks), cut: true };
    }
  } catch (cause) {
    how.signal.throwIfAborted();
    if (OmniForgeError.is(cause)) throw cause;
    const why = cause instanceof Error ? cause.message : "unknown";
    throw new OmniForgeError("TOOL_FAILED", `the answer broke off: ${why}`, { cause });
  }
  return { bytes: Buffer.concat(chunks), cut: false };
}

function decoded(response: IncomingMessage): Readable {
  const coding = (response.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  const through = (decoder: ReturnType<typeof createGunzip>): Readable => {
    // Failures reach whoever reads the decoder.
    pipeline(response, decoder, () => {});
    return decoder;
  };
  switch (coding) {
    case "":
    case "identity":
      return response;
    case "gzip":
    case "x-gzip":
      return through(createGunzip());
    case "deflate":
      return through(createInflate());
    case "br":
      return through(createBrotliDecompress());
    default:
      throw new OmniForgeError(
        "TOOL_FAILED",
        `the answer is coded as ${JSON.stringify(coding)}, which can't be read`,
      );
  }
}
