import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, isIP, type AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OmniForgeError } from "../../packages/omniforge/src/protocol/error.ts";
import type { ToolContext } from "../../packages/omniforge/src/tools/tool.ts";
import { isPublic } from "../../packages/omniforge/src/tools/builtin/fetch/address.ts";
import { internet, type Network } from "../../packages/omniforge/src/tools/builtin/fetch/connection.ts";
import { forbidden4, forbiddenUrls, otherHosts, spellings } from "./forbidden-urls.ts";
import {
  createFetchTool,
  type FetchToolOptions,
} from "../../packages/omniforge/src/tools/builtin/fetch/index.ts";

/** A server on loopback that counts who connects; whatever is forbidden would end there. */
interface Canary {
  readonly server: Server;
  readonly port: number;
  connections: number;
}

let canary: Canary;
let canary6: Canary | undefined;

async function listening(host: string, answer: (url: string) => string | undefined): Promise<Canary> {
  const server = createServer((request, response) => {
    const location = answer(request.url ?? "/");
    response.writeHead(location === undefined ? 200 : 302, location === undefined ? {} : { location });
    response.end("SECRET");
  });
  server.listen(0, host);
  await once(server, "listening");
  const made: Canary = { server, port: (server.address() as AddressInfo).port, connections: 0 };
  server.on("connection", () => made.connections++);
  return made;
}

beforeEach(async () => {
  canary = await listening("127.0.0.1", () => undefined);
  canary6 = await listening("::1", () => undefined).catch(() => undefined);
});

afterEach(() => {
  for (const one of [canary, canary6]) {
    one?.server.closeAllConnections();
    one?.server.close();
  }
});

const signal = new AbortController().signal;
const context: ToolContext = {
  tenant: "t",
  task: "k",
  idempotencyKey: "i",
  signal,
  workspace: "/",
  answers: [],
  progress: () => {},
};

/**
 * A network in which every address is the canary, so that nothing leaves this machine and nothing that was let through
 * goes uncounted. Names resolve to loopback unless the table says otherwise.
 */
function trapped(
  names: Readonly<Record<string, readonly string[]>> = {},
): Network & { readonly dialed: string[] } {
  const dialed: string[] = [];
  return {
    dialed,
    resolve: async (name) => names[name] ?? ["127.0.0.1"],
    async dial(address) {
      dialed.push(address);
      const socket = connect(canary.port, "127.0.0.1");
      await once(socket, "connect");
      return socket;
    },
  };
}

async function attempt(url: string, network: Network, options: FetchToolOptions = {}): Promise<unknown> {
  const tool = createFetchTool({ ports: "any", timeoutMs: 5_000, ...options }, network);
  return tool.execute({ url }, context).catch((error: unknown) => error);
}

describe("the SSRF corpus", () => {
  it("has at least 500 forms, and most of them are accepted as URLs", () => {
    const all = new Set(forbiddenUrls(80));
    expect(all.size).toBeGreaterThanOrEqual(1500);
    expect([...all].filter((url) => URL.canParse(url)).length).toBeGreaterThan(1000);
  });

  it("gets through nowhere", async () => {
    const network = trapped();
    const strange: unknown[] = [];
    for (const url of forbiddenUrls(canary.port)) {
      const outcome = await attempt(url, network);
      if (!OmniForgeError.is(outcome) || !["URL_REFUSED", "INVALID_INPUT"].includes(outcome.code))
        strange.push([url, outcome]);
    }
    expect(strange).toEqual([]);
    expect(network.dialed).toEqual([]);
    expect(canary.connections).toBe(0);
  });

  it("would be counted if it did: with private addresses allowed, the canary sees them", async () => {
    for (const address of forbidden4)
      for (const host of spellings(address))
        await attempt(`http://${host}/`, trapped(), { allowPrivate: true });
    expect(canary.connections).toBeGreaterThan(forbidden4.length * 25);
  });

  it("gets through nowhere by a redirect, from a host that is allowed", async () => {
    const urls = forbiddenUrls(canary.port).filter((url) => !/[\n\0]/.test(url) && url.isWellFormed());
    const redirecting = await listening("127.0.0.1", (url) => {
      const target = urls[Number(url.slice(1))] ?? "";
      return encodeURI(target)
        .replaceAll("%25", "%")
        .replaceAll("%5C", "\\")
        .replaceAll("%5B", "[")
        .replaceAll("%5D", "]");
    });
    const start = `127.0.0.1:${redirecting.port}`;
    const dialed: string[] = [];
    const network: Network = {
      resolve: async () => ["10.0.0.1"],
      async dial(address, port) {
        // The one host that is allowed; everything else is the canary's.
        const wanted = address === "127.0.0.1" && port === redirecting.port ? port : canary.port;
        if (wanted === canary.port) dialed.push(address);
        const socket = connect(wanted, "127.0.0.1");
        await once(socket, "connect");
        return socket;
      },
    };
    let refused = 0;
    const strange: unknown[] = [];
    for (const index of urls.keys()) {
      const outcome = await attempt(`http://${start}/${index}`, network, { allowPrivate: [start] });
      // What is no absolute URL is one of the allowed host's own pages, which redirects to nowhere.
      if (OmniForgeError.is(outcome) && outcome.code === "URL_REFUSED") refused++;
      else if (OmniForgeError.is(outcome) || !String(outcome).startsWith(`http://${start}`))
        strange.push([urls[index], outcome]);
    }
    redirecting.server.closeAllConnections();
    redirecting.server.close();
    expect(strange).toEqual([]);
    expect(refused).toBeGreaterThan(1500);
    expect(dialed).toEqual([]);
    expect(canary.connections).toBe(0);
  });

  it("gets through nowhere on the real network stack, where the addresses are this machine's", async () => {
    for (const [port, hosts] of [
      [
        canary.port,
        [
          ...spellings("127.0.0.1"),
          ...spellings("0.0.0.0"),
          ...spellings("127.9.9.9"),
          "localhost",
          "localhost.",
        ],
      ],
      [canary6?.port ?? 1, otherHosts.slice(0, 5)],
    ] as const)
      for (const host of hosts) await attempt(`http://${host}:${port}/`, internet);
    expect(canary.connections + (canary6?.connections ?? 0)).toBe(0);
    await attempt(`http://localhost:${canary.port}/`, internet, { allowPrivate: ["localhost"] });
    expect(canary.connections).toBe(1);
  });
});

describe("a name that resolves", () => {
  it("to any forbidden address is refused as a whole, and the message names no address", async () => {
    const network = trapped({ "mixed.test": ["93.184.216.34", "10.1.2.3"], "bad.test": ["10.1.2.3"] });
    for (const name of ["mixed.test", "bad.test"]) {
      const outcome = await attempt(`http://${name}/`, network);
      expect(outcome).toMatchObject({ code: "URL_REFUSED" });
      expect(String(outcome)).not.toContain("10.1.2.3");
    }
    expect(network.dialed).toEqual([]);
  });

  it("to a public address first and a private one later is connected to where it was checked", async () => {
    let asked = 0;
    const network = trapped();
    const rebinding: Network = {
      ...network,
      resolve: async () => (asked++ % 2 === 0 ? ["93.184.216.34"] : ["127.0.0.1"]),
    };
    for (let round = 0; round < 20; round++) await attempt("http://rebind.test/", rebinding);
    expect(asked).toBe(20);
    expect(new Set(network.dialed)).toEqual(new Set(["93.184.216.34"]));
    expect(network.dialed).toHaveLength(10);
  });

  it("anew in a redirect is checked anew", async () => {
    let asked = 0;
    const back = await listening("127.0.0.1", (url) => (url === "/" ? "/again" : undefined));
    const network: Network = {
      resolve: async () => (asked++ === 0 ? ["93.184.216.34"] : ["127.0.0.1"]),
      async dial(address) {
        const socket = connect(address === "93.184.216.34" ? back.port : canary.port, "127.0.0.1");
        await once(socket, "connect");
        return socket;
      },
    };
    expect(await attempt("http://rebind.test/", network)).toMatchObject({ code: "URL_REFUSED" });
    expect([asked, back.connections, canary.connections]).toEqual([2, 1, 0]);
    back.server.closeAllConnections();
    back.server.close();
  });

  it("to what is no address leads nowhere", async () => {
    const network = trapped({ "odd.test": ["localhost"], "zone.test": ["fe80::1%lo"], "none.test": [] });
    for (const name of ["odd.test", "zone.test", "none.test"])
      expect(OmniForgeError.is(await attempt(`http://${name}/`, network))).toBe(true);
    expect(network.dialed).toEqual([]);
  });

  it("to public addresses is reached", async () => {
    const network = trapped({ "public.test": ["93.184.216.34", "2606:4700::1111"] });
    expect(String(await attempt("http://public.test/", network))).toContain("SECRET");
    expect(String(await attempt("http://8.8.8.8/", network))).toContain("SECRET");
    expect(network.dialed).toEqual(["93.184.216.34", "8.8.8.8"]);
  });
});

describe("an address", () => {
  it("is public only outside the special ranges, to their very edges", () => {
    for (const one of [
      "1.1.1.1",
      "9.255.255.255",
      "11.0.0.0",
      "100.63.255.255",
      "100.128.0.0",
      "126.255.255.255",
      "128.0.0.0",
      "169.253.255.255",
      "169.255.0.0",
      "172.15.255.255",
      "172.32.0.0",
      "192.167.255.255",
      "192.169.0.0",
      "198.17.255.255",
      "198.20.0.0",
      "223.255.255.255",
      "2606:4700::1111",
      "2001:200::1",
      "2003::1",
      "2a00::1",
    ])
      expect([one, isIP(one) > 0, isPublic(one)]).toEqual([one, true, true]);
    for (const one of [
      "",
      "localhost",
      "1.1.1",
      "01.1.1.1",
      "::ffff:8.8.8.8",
      "64:ff9b::8.8.8.8",
      "2002:808:808::1",
      "2001::1",
      "2606:4700::1111%eth0",
      "::8.8.8.8",
    ])
      expect([one, isPublic(one)]).toEqual([one, false]);
  });
});
