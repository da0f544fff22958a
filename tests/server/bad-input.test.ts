/** What no client should send: refused with a clear problem, and nothing is lost or left behind. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStage, type Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage[Symbol.asyncDispose]());

const tasks = "/api/v1/agents/clerk/tasks";
const json = { "content-type": "application/json" };

async function refused(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = json,
): Promise<[number, unknown]> {
  const response = await stage.app.request(path, { method: "POST", body, headers });
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  // Nothing is left of it.
  expect(await stage.forge.list()).toEqual([]);
  const problem = (await response.json()) as { code: string; status: number };
  expect(problem.status).toBe(response.status);
  return [response.status, problem.code];
}

describe("an empty body", () => {
  it.each(["application/json", "application/x-www-form-urlencoded", "text/plain"])(
    "is none, where none need be there, also as %s",
    async (type) => {
      const made = await stage.ask(tasks, { body: { message: "pay 5" } });
      const path = `/api/v1/tasks/${(made.body as { task: string }).task}/cancel`;
      const headers = { "content-type": type };
      expect((await stage.ask(path, { body: "{", headers })).status).toBeGreaterThanOrEqual(400);
      expect((await stage.ask(path, { body: "", headers })).status).toBe(202);
    },
  );
});

describe("a body", () => {
  it.each([
    ["no JSON", "{", 400, "INVALID_INPUT"],
    ["nothing at all", "", 400, "INVALID_INPUT"],
    ["another value", "[1]", 400, "INVALID_INPUT"],
    ["members that are not known", JSON.stringify({ message: "x", tenant: "other" }), 400, "INVALID_INPUT"],
    ["a folder of this machine", JSON.stringify({ message: "x", workspace: "/" }), 400, "INVALID_INPUT"],
    ["an empty message", JSON.stringify({ message: "" }), 400, "INVALID_INPUT"],
    ["half a character", '{"message":"\\ud800"}', 400, "INVALID_INPUT"],
    ["no part", JSON.stringify({ message: { parts: [] } }), 400, "INVALID_INPUT"],
    [
      "a part that only a model makes",
      JSON.stringify({
        message: { parts: [{ type: "tool-call", index: 0, callId: "x", name: "pay", arguments: {} }] },
      }),
      400,
      "INVALID_INPUT",
    ],
    [
      "a blob of another task",
      JSON.stringify({
        message: { parts: [{ type: "file", mediaType: "a/b", blob: { hash: "sha256-x", bytes: 1 } }] },
      }),
      400,
      "INVALID_INPUT",
    ],
    [
      "a prototype",
      '{"message":{"parts":[{"type":"data","value":{"__proto__":{"a":1}}}]}}',
      400,
      "INVALID_INPUT",
    ],
    ["limits below nothing", JSON.stringify({ message: "x", limits: { turns: -1 } }), 400, "INVALID_INPUT"],
    ["nesting without end", `{"message":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, 400, "INVALID_INPUT"],
    ["nesting that is never closed", "[".repeat(500_000), 400, "INVALID_INPUT"],
    ["more than the limit", JSON.stringify({ message: "x".repeat(9 * 1024 * 1024) }), 413, "BODY_TOO_LARGE"],
  ])("of %s is refused", async (_what, body, status, code) => {
    expect(await refused(tasks, body)).toEqual([status, code]);
  });

  it.each([
    "",
    "text/html",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "__proto__",
    "application/json, text/plain",
  ])("of type %j is refused", async (type) => {
    const body = new TextEncoder().encode('{"message":"x"}');
    expect(await refused(tasks, body, type === "" ? {} : { "content-type": type })).toEqual([
      415,
      "UNSUPPORTED_MEDIA_TYPE",
    ]);
  });

  it.each([
    [0xff, 0xfe],
    [0xc0, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf8, 0x88, 0x80, 0x80, 0x80],
    [0xe2, 0x82],
  ])("that is not UTF-8 is refused: %s %s %s %s %s", async (...bytes) => {
    const body = Buffer.concat([Buffer.from('{"message":"'), Buffer.from(bytes), Buffer.from('"}')]);
    expect(await refused(tasks, body)).toEqual([400, "INVALID_INPUT"]);
    expect(await refused(tasks, Buffer.from(bytes), { "content-type": "text/plain" })).toEqual([
      400,
      "INVALID_INPUT",
    ]);
  });

  it("that says it is small and is not is read no further than the limit", async () => {
    let sent = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        sent += 1024 * 1024;
        yield await Promise.resolve(new Uint8Array(1024 * 1024).fill(0x20));
      }
    }
    const init = { method: "POST", body: endless(), headers: json, duplex: "half" as const };
    const response = await stage.app.request(new Request(`http://localhost${tasks}`, init));
    expect(response.status).toBe(413);
    expect(sent).toBeLessThan(20 * 1024 * 1024);
  });
});

describe("an id", () => {
  it.each([
    "..",
    "%2e%2e",
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "a%00b",
    "%ff",
    "%",
    "%zz",
    "constructor",
    "__proto__",
    "%F0%9F%92%A5",
    "x".repeat(5_000),
    "task_1;drop table tasks",
    "' or '1'='1",
    "*",
  ])("of %j is of nothing", async (id) => {
    for (const path of [
      `/api/v1/tasks/${id}`,
      `/api/v1/tasks/${id}/events`,
      `/api/v1/tasks/${id}/artifacts/${id}`,
      `/api/v1/agents/${id}`,
      `/api/v1/tools/${id}`,
    ]) {
      const response = await stage.app.request(path);
      expect([400, 404]).toContain(response.status);
      expect(await response.text()).not.toMatch(/at .*\.ts|omniforge-server-/);
    }
  });
});

describe("a connection", () => {
  async function send(
    text: string,
    more: { readonly headerMs?: number; readonly requestMs?: number } = {},
  ): Promise<string> {
    const { port } = await stage.listen(more);
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk.toString()));
    socket.on("error", () => undefined);
    socket.write(text);
    await once(socket, "close");
    return answer.split("\r\n", 1)[0] ?? "";
  }

  it("with a flood of headers is refused", async () => {
    const flood = Array.from({ length: 500 }, (_, index) => `X-${index}: ${"x".repeat(100)}`).join("\r\n");
    expect(await send(`GET /healthz HTTP/1.1\r\nHost: localhost\r\n${flood}\r\n\r\n`)).toMatch(/ 431 /);
  });

  it("whose header never ends is closed", async () => {
    expect(
      await send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", { headerMs: 200, requestMs: 400 }),
    ).toMatch(/ 408 /);
  });

  it("whose body never ends is closed, and leaves nothing", async () => {
    const head = `POST ${tasks} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"mess`;
    expect(await send(head, { headerMs: 200, requestMs: 400 })).toMatch(/ 40[08] |^$/);
    expect(await stage.forge.list()).toEqual([]);
  });

  it("that speaks no HTTP is closed", async () => {
    expect(await send("\u0016\u0003\u0001 hello\r\n\r\n")).toMatch(/ 400 /);
  });

  it("that goes away in the middle of its body leaves nothing", async () => {
    const { port } = await stage.listen();
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.write(
      `POST ${tasks} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"mess`,
    );
    socket.destroy();
    await once(socket, "close");
    expect((await stage.ask("/healthz")).status).toBe(200);
    expect(await stage.forge.list()).toEqual([]);
  });
});
