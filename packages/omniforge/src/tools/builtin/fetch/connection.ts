/**
 * A connection to the host of a URL, to an address that was looked at first.
 *
 * Owns: that the address which is connected to is the one that was checked. A name is resolved once per connection, each
 * of its addresses is checked, and the socket is opened to the address itself: a name that resolves differently the next
 * time (DNS rebinding) changes nothing. No proxy of the environment is used.
 *
 * Invariants
 * 1. No socket is opened to an address that isn't permitted, nor to a name.
 * 2. A name with one forbidden address is refused as a whole.
 * 3. No message contains an address that a name resolved to: it would map the network behind this machine.
 */
import { lookup } from "node:dns/promises";
import { connect, isIP, BlockList, type Socket } from "node:net";
import { connect as secure, type TLSSocket } from "node:tls";
import { OmniForgeError } from "../../../protocol/error.ts";
import { isPublic } from "./address.ts";
import { hostOf, portOf, refuse } from "./web-url.ts";

/** What the internet is made of; tests put their own in its place. */
export interface Network {
  /** All addresses of a name. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
  /** An open connection to an address. */
  readonly dial: (address: string, port: number, signal: AbortSignal) => Promise<Socket>;
}

export const internet: Network = {
  resolve: async (name) => (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address),
  async dial(address, port, signal) {
    const socket = connect({ host: address, port, signal });
    await opened(socket, "connect");
    if (!isSame(address, socket.remoteAddress)) {
      socket.destroy();
      throw refuse("the connection led to another address than the one that was checked");
    }
    return socket;
  },
};

/** Hosts whose addresses needn't be public: all, or these, each `host` or `host:port` as a URL has them. */
export type PrivateHosts = boolean | readonly string[];

/** At most so many of a name's addresses are tried. */
const maximumTries = 3;

/** Opens a connection to the URL's host, with TLS for https. Throws URL_REFUSED or TOOL_FAILED. */
export async function openConnection(
  url: URL,
  network: Network,
  allowed: PrivateHosts,
  signal: AbortSignal,
): Promise<Socket> {
  const host = hostOf(url);
  const addresses = isIP(host) === 0 ? await resolved(network, host, signal) : [host];
  if (!isAllowed(url, allowed) && !addresses.every(isPublic))
    throw refuse(`${url.host} is refused: it leads to an address that is not public`);
  let failure: unknown;
  for (const address of addresses.slice(0, maximumTries)) {
    signal.throwIfAborted();
    try {
      const socket = await network.dial(address, portOf(url), signal);
      return url.protocol === "https:" ? await secured(socket, host) : socket;
    } catch (error) {
      failure = error;
    }
  }
  signal.throwIfAborted();
  if (OmniForgeError.is(failure)) throw failure;
  throw new OmniForgeError("TOOL_FAILED", `no connection to ${url.host}: ${codeOf(failure)}`, {
    cause: failure,
  });
}

function isAllowed(url: URL, allowed: PrivateHosts): boolean {
  if (typeof allowed === "boolean") return allowed;
  return allowed.includes(url.hostname) || allowed.includes(`${url.hostname}:${portOf(url)}`);
}

async function resolved(network: Network, name: string, signal: AbortSignal): Promise<readonly string[]> {
  const addresses = await abortable(network.resolve(name), signal).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new OmniForgeError("TOOL_FAILED", `${name} has no address: ${codeOf(cause)}`, { cause });
  });
  if (addresses.length === 0) throw new OmniForgeError("TOOL_FAILED", `${name} has no address`);
  return addresses;
}

/** A lookup can't be stopped, but waiting for it can. */
function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

async function secured(socket: Socket, host: string): Promise<TLSSocket> {
  // Explicitly, because a variable of the environment could turn it off.
  const certain = { rejectUnauthorized: true, ALPNProtocols: ["http/1.1"] };
  const named = isIP(host) === 0 ? { servername: host } : {};
  const made = secure({ socket, host, ...named, ...certain });
  await opened(made, "secureConnect").catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
  return made;
}

function opened(socket: Socket, event: "connect" | "secureConnect"): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(new Error("closed"));
    socket.once("close", onClose);
    socket.once("error", reject);
    socket.once(event, () => {
      socket.off("close", onClose);
      socket.off("error", reject);
      // Whoever uses the connection sees its failures there; between two users nobody listens.
      socket.on("error", () => {});
      resolve();
    });
  });
}

/** Whether two spellings mean one address. */
function isSame(one: string, other: string | undefined): boolean {
  const family = isIP(one) === 6 ? "ipv6" : "ipv4";
  if (other === undefined || isIP(other) !== isIP(one)) return false;
  const list = new BlockList();
  list.addAddress(one, family);
  return list.check(other, family);
}

function codeOf(thrown: unknown): string {
  if (typeof thrown === "object" && thrown !== null && "code" in thrown) return String(thrown.code);
  return thrown instanceof Error ? thrown.name : "unknown";
}
