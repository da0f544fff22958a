import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFetchTool, fetchTool, type FetchToolOptions } from "./index.ts";

let server: Server;
let base: string;
let respond: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  server = createServer((request, response) => respond(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function answer(
  type: string,
  body: string | Uint8Array,
  more: Record<string, string> = {},
  status = 200,
): void {
  respond = (_, response) => void response.writeHead(status, { "content-type": type, ...more }).end(body);
}

async function get(
  path = "/",
  options: FetchToolOptions = {},
  signal = new AbortController().signal,
  from?: number,
): Promise<string> {
  const tool = createFetchTool({ allowPrivate: true, ...options });
  const output = await tool.execute(
    { url: base + path, ...(from !== undefined && { from }) },
    { tenant: "t", task: "k", idempotencyKey: "i", signal, workspace: "/", answers: [], progress: () => {} },
  );
  if (typeof output !== "string") throw new Error("no text");
  return output;
}

describe("fetch", () => {
  it("has no effect, needs nobody, and may be told to ask", async () => {
    expect(fetchTool.spec).toMatchObject({ name: "fetch", effects: "none", approval: "never" });
    const asking = createFetchTool({ needsApproval: (url) => url.includes("?") });
    expect(await asking.needsApproval({ url: "http://a.test/?q" })).toBe(true);
    expect(await asking.needsApproval({ url: "http://a.test/" })).toBe(false);
  });

  it("shows text, JSON and HTML readably, under the URL that answered", async () => {
    answer("text/plain", "plain");
    expect(await get("/a#b")).toBe(`${base}/a (text/plain, status 200)\n\nplain`);
    answer("application/problem+json; charset=utf-8", '{"a":[1]}');
    expect(await get()).toContain('{\n  "a": [\n    1\n  ]\n}');
    answer("application/json", "{broken");
    expect(await get()).toContain("{broken");
    answer("text/html", "<title>T</title><p>one<p>two");
    expect(await get()).toContain("T\n\none\n\ntwo");
  });

  it("reads the charset that is named, and repairs what is none", async () => {
    answer("text/plain; charset=iso-8859-1", Uint8Array.of(0x61, 0xe4));
    expect(await get()).toContain("aä");
    answer("text/html", Buffer.concat([Buffer.from('<meta charset="windows-1252">'), Uint8Array.of(0x80)]));
    expect(await get()).toContain("€");
    answer("text/plain; charset=nonsense", Uint8Array.of(0x61, 0xff));
    expect(await get()).toContain("a\uFFFD");
  });

  it("refuses in words what is not text", async () => {
    answer("image/png", Uint8Array.of(0x89, 0x50, 0));
    await expect(get()).rejects.toThrow("is image/png (3 bytes), which can't be shown as text");
    answer("text/plain", Uint8Array.of(0x61, 0, 0x62));
    await expect(get()).rejects.toThrow("can't be shown");
    answer("text/plain", "x", { "content-encoding": "zstd-of-the-future" });
    await expect(get()).rejects.toThrow("coded as");
  });

  it("tells a failure's status and the beginning of what was said", async () => {
    answer("text/plain", "nothing here", {}, 404);
    await expect(get("/x")).rejects.toThrow(`${base}/x answered 404: nothing here`);
  });

  it("follows five redirects, and not a sixth", async () => {
    const seen: (string | undefined)[] = [];
    respond = ({ url = "/", headers }, response) => {
      seen.push(headers.referer ?? headers.cookie ?? headers.authorization);
      const left = Number(url.slice(1));
      if (left === 0) response.end("there");
      else response.writeHead(307, { location: `/${left - 1}`, "set-cookie": "a=b" }).end();
    };
    expect(await get("/5")).toBe(`${base}/0 (text/plain, status 200)\n\nthere`);
    await expect(get("/6")).rejects.toMatchObject({ code: "URL_REFUSED" });
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });

  it("cuts at the size limit, also of what was compressed", async () => {
    respond = (_, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      // Endless: it stops when the connection is closed.
      const more = (): void =>
        void (response.destroyed || (response.write("x".repeat(65_536)), setImmediate(more)));
      more();
    };
    expect(await get("/", { maximumBytes: 1000 })).toMatch(/cut after 1000 bytes\)\n\nx{1000}$/);
    answer("text/plain", gzipSync("y".repeat(50_000_000)), { "content-encoding": "gzip" });
    const before = process.memoryUsage().rss;
    expect(await get("/", { maximumBytes: 2000 })).toMatch(/\n\ny{2000}$/);
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
    answer("text/plain", gzipSync("z"), { "content-encoding": "gzip" });
    expect(await get()).toMatch(/\n\nz$/);
    answer("text/plain", gzipSync("z".repeat(9999)).subarray(0, 20), { "content-encoding": "gzip" });
    await expect(get()).rejects.toThrow("broke off");
  });

  it("stops at the time limit, whether the server says nothing, or never ends", async () => {
    const started = Date.now();
    respond = () => {};
    await expect(get("/", { timeoutMs: 200 })).rejects.toThrow("no whole answer within 200 ms");
    respond = (_, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      const timer = setInterval(() => response.write("."), 20);
      response.on("close", () => clearInterval(timer));
    };
    await expect(get("/", { timeoutMs: 200 })).rejects.toThrow("no whole answer within 200 ms");
    expect(Date.now() - started).toBeLessThan(3000);
  });

  it("closes the connection when it is aborted", async () => {
    const stop = new AbortController();
    const closed = new Promise<void>((resolve) => {
      respond = (request) => {
        request.on("close", resolve);
        stop.abort(new Error("canceled"));
      };
    });
    await expect(get("/", {}, stop.signal)).rejects.toThrow("canceled");
    await closed;
  });

  it("shows a long text in windows", async () => {
    answer("text/plain", "a".repeat(30_000) + "b".repeat(10));
    expect(await get()).toContain("(characters 0 to 30000 of 30010; read on from 30000)");
    expect(await get("/", {}, undefined, 30_000)).toMatch(/\n\nb{10}$/);
    expect(await get("/", {}, undefined, 99_999)).toContain("only 30010 characters");
  });

  it("uses no proxy of the environment, and only the ports it may", async () => {
    const kept = { ...process.env };
    Object.assign(process.env, {
      http_proxy: "http://127.0.0.1:1",
      HTTP_PROXY: "http://127.0.0.1:1",
      NODE_USE_ENV_PROXY: "1",
    });
    answer("text/plain", "direct");
    expect(await get()).toContain("direct");
    process.env = kept;
    await expect(get("/", { allowPrivate: [] })).rejects.toThrow(/port \d+ of 127.0.0.1 is refused/);
    expect(await get("/", { allowPrivate: ["127.0.0.1"] })).toContain("direct");
  });
});
