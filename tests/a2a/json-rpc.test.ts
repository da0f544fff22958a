/** The JSON-RPC binding (9): envelopes, versions, errors, and everything that is no request. */
import { defineAgent } from "omniforge";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStage, type RpcAnswer, type Stage } from "./stage.ts";

const helper = defineAgent({ name: "helper", instructions: "Help." });
let stage: Stage;
beforeAll(async () => {
  stage = await openStage([helper], () => ({ text: "done" }));
});
afterAll(() => stage[Symbol.asyncDispose]());

async function post(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<RpcAnswer> {
  const response = await fetch(`${stage.url}/a2a/helper`, {
    method: "POST",
    headers: { "content-type": "application/json", "A2A-Version": "1.0", ...headers },
    body,
  });
  return { status: response.status, ...((await response.json()) as Omit<RpcAnswer, "status">) };
}

const call = (more: object): string =>
  JSON.stringify({ jsonrpc: "2.0", id: 7, method: "ListTasks", ...more });
const hello = { messageId: "m", role: "ROLE_USER", parts: [{ text: "Hello" }] };
const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;

describe("an envelope", () => {
  it("is answered under its id", async () => {
    expect(await post(call({}))).toMatchObject({ status: 200, jsonrpc: "2.0", id: 7, result: { tasks: [] } });
    expect(await post(call({ id: "seven", params: {} }))).toMatchObject({
      id: "seven",
      result: { nextPageToken: "" },
    });
  });

  it.each<[string, string, number, unknown]>([
    ["no JSON", "{", -32_700, null],
    ["nothing", "", -32_700, null],
    ["JSON that nests without end", `{"a":${nested(1_000)}}`, -32_700, null],
    ["an array: batches are not supported", `[${call({})}]`, -32_600, null],
    ["an empty batch", "[]", -32_600, null],
    ["null", "null", -32_600, null],
    ["text", '"hello"', -32_600, null],
    ["another version", call({ jsonrpc: "1.0" }), -32_600, 7],
    ["no version", JSON.stringify({ id: 7, method: "ListTasks" }), -32_600, 7],
    ["no id: every method answers", JSON.stringify({ jsonrpc: "2.0", method: "ListTasks" }), -32_600, null],
    ["an id that is null", call({ id: null }), -32_600, null],
    ["an id that is a fraction", call({ id: 1.5 }), -32_600, null],
    ["an id that is an object", call({ id: { a: 1 } }), -32_600, null],
    ["an id without end", call({ id: "x".repeat(2_000) }), -32_600, null],
    ["no method", call({ method: undefined }), -32_600, 7],
    ["a method that is a number", call({ method: 5 }), -32_600, 7],
    ["a method of 0.3", call({ method: "message/send" }), -32_601, 7],
    ["a method of objects in general", call({ method: "toString" }), -32_601, 7],
    ["a prototype's method", call({ method: "__proto__" }), -32_601, 7],
    ["parameters in an array", call({ params: [] }), -32_602, 7],
    ["parameters that are text", call({ params: "x" }), -32_602, 7],
  ])("is refused: %s (9.5)", async (_what, body, code, id) => {
    expect(await post(body)).toMatchObject({ status: 200, jsonrpc: "2.0", id, error: { code } });
  });

  it("is refused where it is not UTF-8", async () => {
    const body = Uint8Array.from([...Buffer.from('{"jsonrpc":"2.0","id":"'), 0xff, ...Buffer.from('"}')]);
    expect(await post(body)).toMatchObject({ jsonrpc: "2.0", id: null, error: { code: -32_700 } });
  });

  it("is refused where it is too large, and says how large it may be", async () => {
    const answer = await post(call({ params: { pageToken: "x".repeat(17 * 1024 * 1024) } }));
    expect(answer).toMatchObject({ status: 413, jsonrpc: "2.0", id: null });
    expect(answer.error?.message).toMatch(/bytes at most/);
  });

  it("is refused where it is no JSON by its content type (3.3.2)", async () => {
    const answer = await post(call({}), { "content-type": "text/plain" });
    expect(answer).toMatchObject({ status: 200, error: { code: -32_005 } });
  });
});

describe("parameters", () => {
  it.each<[string, string, unknown]>([
    ["no message", "SendMessage", {}],
    ["a message without parts", "SendMessage", { message: { ...hello, parts: [] } }],
    ["a message without an id", "SendMessage", { message: { ...hello, messageId: "" } }],
    ["a message of the agent's", "SendMessage", { message: { ...hello, role: "ROLE_AGENT" } }],
    ["a role of 0.3", "SendMessage", { message: { ...hello, role: "user" } }],
    ["a part of two kinds", "SendMessage", { message: { ...hello, parts: [{ text: "a", data: 1 }] } }],
    ["a part of no kind", "SendMessage", { message: { ...hello, parts: [{ mediaType: "text/plain" }] } }],
    ["text that is a number", "SendMessage", { message: { ...hello, parts: [{ text: 5 }] } }],
    [
      "bytes that are no base64",
      "SendMessage",
      { message: { ...hello, parts: [{ raw: "*", mediaType: "text/plain" }] } },
    ],
    ["half a character", "SendMessage", { message: { ...hello, parts: [{ text: "\ud800" }] } }],
    ["an id without end", "SendMessage", { message: { ...hello, messageId: "m".repeat(1_000) } }],
    ["an id that is an object", "GetTask", { id: {} }],
    ["no id", "GetTask", {}],
    ["a history shorter than none", "GetTask", { id: "x", historyLength: -1 }],
    ["a page of none", "ListTasks", { pageSize: 0 }],
    ["a page of too many", "ListTasks", { pageSize: 101 }],
    ["a page that is text", "ListTasks", { pageSize: "2" }],
    ["a state that is none", "ListTasks", { status: "running" }],
    ["a time that is none", "ListTasks", { statusTimestampAfter: "yesterday" }],
    ["a forged page token", "ListTasks", { pageToken: "W10" }],
    ["another tenant", "ListTasks", { tenant: "globex" }],
    ["another tenant's task", "GetTask", { tenant: "globex", id: "x" }],
    ["another tenant's message", "SendMessage", { tenant: "globex", message: hello }],
  ])("are refused: %s (3.3.2)", async (_what, method, params) => {
    expect(await stage.rpc("helper", method, params)).toMatchObject({
      status: 200,
      id: 1,
      error: { code: -32_602 },
    });
  });

  it("may hold what nobody knows, and null for what is not set (5.7)", async () => {
    const params = {
      message: { ...hello, messageId: "n", contextId: null, colour: "green" },
      configuration: null,
      x: 1,
    };
    expect(await stage.rpc("helper", "SendMessage", params)).toMatchObject({
      result: { task: { status: { state: "TASK_STATE_COMPLETED" } } },
    });
  });

  it("may name the caller's own tenant", async () => {
    expect(await stage.rpc("helper", "ListTasks", { tenant: "default" })).toMatchObject({
      result: { pageSize: 50 },
    });
  });
});

describe("errors", () => {
  it.each<[string, string, unknown, number, string]>([
    ["a task that is not there", "GetTask", { id: "nowhere" }, -32_001, "TASK_NOT_FOUND"],
    [
      "a message to none",
      "SendMessage",
      { message: { ...hello, taskId: "nowhere" } },
      -32_001,
      "TASK_NOT_FOUND",
    ],
    [
      "push notifications of a message",
      "SendMessage",
      { message: hello, configuration: { taskPushNotificationConfig: { url: "https://example.com" } } },
      -32_003,
      "PUSH_NOTIFICATION_NOT_SUPPORTED",
    ],
    [
      "push notifications",
      "CreateTaskPushNotificationConfig",
      { taskId: "x", url: "https://example.com" },
      -32_003,
      "PUSH_NOTIFICATION_NOT_SUPPORTED",
    ],
    [
      "one of them",
      "GetTaskPushNotificationConfig",
      { taskId: "x", id: "y" },
      -32_003,
      "PUSH_NOTIFICATION_NOT_SUPPORTED",
    ],
    [
      "all of them",
      "ListTaskPushNotificationConfigs",
      { taskId: "x" },
      -32_003,
      "PUSH_NOTIFICATION_NOT_SUPPORTED",
    ],
    [
      "none of them",
      "DeleteTaskPushNotificationConfig",
      { taskId: "x", id: "y" },
      -32_003,
      "PUSH_NOTIFICATION_NOT_SUPPORTED",
    ],
    ["an extended card", "GetExtendedAgentCard", {}, -32_004, "UNSUPPORTED_OPERATION"],
    [
      "a type that no model reads",
      "SendMessage",
      { message: { ...hello, parts: [{ raw: "AA==", mediaType: "a/b" }] } },
      -32_005,
      "CONTENT_TYPE_NOT_SUPPORTED",
    ],
  ])("say what is the matter with %s (3.3.4, 5.4)", async (_what, method, params, code, reason) => {
    const { status, error } = await stage.rpc("helper", method, params);
    expect([status, error?.code]).toEqual([200, code]);
    expect(error?.data).toMatchObject([
      { "@type": "type.googleapis.com/google.rpc.ErrorInfo", domain: "a2a-protocol.org", reason },
    ]);
  });

  it("come as JSON, not as a stream, where a stream can't begin", async () => {
    for (const [method, params] of [
      ["SubscribeToTask", { id: "nowhere" }],
      ["SendStreamingMessage", { message: { ...hello, taskId: "nowhere" } }],
    ] as const)
      expect(await stage.rpc("helper", method, params)).toMatchObject({ id: 1, error: { code: -32_001 } });
  });

  it("say that there is no such agent", async () => {
    expect(await stage.rpc("nobody", "ListTasks", {})).toMatchObject({
      status: 404,
      jsonrpc: "2.0",
      id: null,
      error: { code: -32_600 },
    });
  });
});

describe("versions (3.6.2)", () => {
  it.each([["1.0"], ["1.0.1"], [" 1.0 "]])("%j is spoken", async (version) => {
    expect(await post(call({}), { "A2A-Version": version })).toMatchObject({
      result: { tasks: expect.anything() as unknown },
    });
  });

  it.each([["0.3"], [""], ["1"], ["1.1"], ["2.0"], ["1.0.x"], ["latest"]])("%j is not", async (version) => {
    expect(await post(call({}), { "A2A-Version": version })).toMatchObject({
      id: null,
      error: { code: -32_009 },
    });
  });

  it("may be asked for in the query", async () => {
    const response = await fetch(`${stage.url}/a2a/helper/tasks?A2A-Version=1.0`);
    expect(response.status).toBe(200);
  });
});

describe("hostile ids", () => {
  const ids = [
    "../../etc/passwd",
    "..%2f..",
    "%00",
    "\u0000",
    "task_x'; drop table tasks; --",
    "__proto__",
    "constructor",
    "💥",
    "a/b",
    "a:cancel",
    "{}",
    " ",
    ".",
  ];
  it.each(ids)("%j is a task that is not there", async (id) => {
    for (const method of ["GetTask", "CancelTask", "SubscribeToTask"])
      expect(await stage.rpc("helper", method, { id })).toMatchObject({ error: { code: -32_001 } });
    const rest = await fetch(`${stage.url}/a2a/helper/tasks/${encodeURIComponent(id)}`, {
      headers: { "A2A-Version": "1.0" },
    });
    expect([400, 404]).toContain(rest.status);
  });

  it("are message ids and contexts like any other", async () => {
    for (const id of ids.filter((one) => one.trim() !== "")) {
      const sent = { message: { ...hello, messageId: id, contextId: id } };
      const { result } = await stage.rpc("helper", "SendMessage", sent);
      expect(result).toMatchObject({ task: { contextId: id, history: [{ messageId: id }, {}] } });
      expect(await stage.rpc("helper", "SendMessage", sent)).toMatchObject({ result });
      expect(await stage.rpc("helper", "ListTasks", { contextId: id })).toMatchObject({
        result: { totalSize: 1 },
      });
    }
  });
});
