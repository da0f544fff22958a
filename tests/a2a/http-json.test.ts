/** The HTTP+JSON binding (11): paths, queries, statuses, and errors in Google's form. */
import { defineAgent } from "omniforge";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStage, type Stage } from "./stage.ts";

const helper = defineAgent({ name: "helper", instructions: "Help." });
let stage: Stage;
beforeAll(async () => {
  stage = await openStage([helper], () => ({ text: "done" }));
});
afterAll(() => stage[Symbol.asyncDispose]());

async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${stage.url}/a2a/helper${path}`, {
    method,
    headers: {
      "A2A-Version": "1.0",
      ...(body !== undefined && { "content-type": "application/a2a+json" }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
}
const hello = (messageId: string): object => ({
  message: { messageId, role: "ROLE_USER", parts: [{ text: "Hello" }] },
});
type TaskBody = { task: { id: string } };

it("every operation has its path (11.3)", async () => {
  const sent = await ask("POST", "/message:send", hello("a"));
  expect([sent.status, sent.headers.get("content-type")]).toEqual([200, "application/a2a+json"]);
  const { task } = (await sent.json()) as TaskBody;
  const got = await ask("GET", `/tasks/${task.id}?historyLength=0`);
  expect(await got.json()).toMatchObject({ id: task.id, status: { state: "TASK_STATE_COMPLETED" } });
  const listed = (await (await ask("GET", "/tasks?pageSize=1&status=TASK_STATE_COMPLETED")).json()) as object;
  expect(listed).toMatchObject({ tasks: [{ id: task.id }], nextPageToken: "", pageSize: 1, totalSize: 1 });
  expect((listed as { tasks: object[] }).tasks[0]).not.toHaveProperty("artifacts");
  const whole = await (await ask("GET", "/tasks?includeArtifacts=true")).json();
  expect(whole).toMatchObject({ tasks: [{ artifacts: [{ artifactId: "answer" }] }] });
  const stream = await ask("POST", "/message:stream", hello("b"));
  expect(stream.headers.get("content-type")).toBe("text/event-stream");
  const events = (await stream.text()).split("\n\n").filter(Boolean);
  expect(events.every((event) => event.startsWith("data: {"))).toBe(true);
  expect(events[0]).toMatch(/^data: \{"task":/);
  for (const method of ["GET", "POST"])
    expect((await ask(method, `/tasks/${task.id}:subscribe`)).status).toBe(400);
  expect((await ask("POST", `/tasks/${task.id}:cancel`, {})).status).toBe(400);
});

it.each<[string, string, string, unknown, number, string, string]>([
  ["a task that is not there", "GET", "/tasks/nowhere", undefined, 404, "NOT_FOUND", "TASK_NOT_FOUND"],
  ["a cancel of none", "POST", "/tasks/nowhere:cancel", undefined, 404, "NOT_FOUND", "TASK_NOT_FOUND"],
  [
    "a subscription to none",
    "GET",
    "/tasks/nowhere:subscribe",
    undefined,
    404,
    "NOT_FOUND",
    "TASK_NOT_FOUND",
  ],
  ["a body that is no JSON", "POST", "/message:send", "{", 400, "INVALID_ARGUMENT", "INVALID_PARAMS"],
  ["a body without a message", "POST", "/message:send", {}, 400, "INVALID_ARGUMENT", "INVALID_PARAMS"],
  ["a page of none", "GET", "/tasks?pageSize=0", undefined, 400, "INVALID_ARGUMENT", "INVALID_PARAMS"],
  [
    "a page that is no number",
    "GET",
    "/tasks?pageSize=two",
    undefined,
    400,
    "INVALID_ARGUMENT",
    "INVALID_PARAMS",
  ],
  ["another tenant", "GET", "/tasks?tenant=globex", undefined, 400, "INVALID_ARGUMENT", "INVALID_PARAMS"],
  [
    "a push configuration",
    "POST",
    "/tasks/x/pushNotificationConfigs",
    {},
    400,
    "FAILED_PRECONDITION",
    "PUSH_NOTIFICATION_NOT_SUPPORTED",
  ],
  [
    "push configurations",
    "GET",
    "/tasks/x/pushNotificationConfigs",
    undefined,
    400,
    "FAILED_PRECONDITION",
    "PUSH_NOTIFICATION_NOT_SUPPORTED",
  ],
  [
    "one of them",
    "GET",
    "/tasks/x/pushNotificationConfigs/y",
    undefined,
    400,
    "FAILED_PRECONDITION",
    "PUSH_NOTIFICATION_NOT_SUPPORTED",
  ],
  [
    "none of them",
    "DELETE",
    "/tasks/x/pushNotificationConfigs/y",
    undefined,
    400,
    "FAILED_PRECONDITION",
    "PUSH_NOTIFICATION_NOT_SUPPORTED",
  ],
  [
    "an extended card",
    "GET",
    "/extendedAgentCard",
    undefined,
    400,
    "FAILED_PRECONDITION",
    "UNSUPPORTED_OPERATION",
  ],
  ["a verb that is none", "POST", "/tasks/x:explode", undefined, 404, "NOT_FOUND", "ROUTE_NOT_FOUND"],
  [
    "a verb of objects in general",
    "POST",
    "/tasks/x:constructor",
    undefined,
    404,
    "NOT_FOUND",
    "ROUTE_NOT_FOUND",
  ],
  ["a path that is none", "GET", "/nothing", undefined, 404, "NOT_FOUND", "ROUTE_NOT_FOUND"],
  ["a tenant in the path", "GET", "/globex/tasks", undefined, 404, "NOT_FOUND", "ROUTE_NOT_FOUND"],
])(
  "an error says what is the matter with %s (11.6)",
  async (_what, method, path, body, status, name, reason) => {
    const response = await ask(method, path, body);
    const told = (await response.json()) as { error: { details: { reason: string }[] } };
    expect([response.status, response.headers.get("content-type")]).toEqual([status, "application/a2a+json"]);
    expect(told).toMatchObject({
      error: { code: status, status: name, message: expect.any(String) as string },
    });
    expect(told.error.details[0]?.reason).toBe(reason);
  },
);

it("another version is refused (3.6.2), and another content type (5.4)", async () => {
  const old = await ask("GET", "/tasks", undefined, { "A2A-Version": "0.3" });
  expect([old.status, await old.json()]).toMatchObject([
    400,
    { error: { details: [{ reason: "VERSION_NOT_SUPPORTED" }] } },
  ]);
  const odd = await ask("POST", "/message:send", hello("c"), { "content-type": "application/xml" });
  expect([odd.status, await odd.json()]).toMatchObject([
    400,
    { error: { details: [{ reason: "CONTENT_TYPE_NOT_SUPPORTED" }] } },
  ]);
});

it("an extension that is asked for is said to be spoken (4.6)", async () => {
  const uri = "urn:omniforge:a2a:inputs:v1";
  const asked = await ask("GET", "/tasks", undefined, { "A2A-Extensions": `urn:other, ${uri}` });
  expect(asked.headers.get("a2a-extensions")).toBe(uri);
  expect((await ask("GET", "/tasks")).headers.get("a2a-extensions")).toBeNull();
});

describe("both bindings", () => {
  it("say the same (5.1)", async () => {
    const { task } = (await (await ask("POST", "/message:send", hello("d"))).json()) as TaskBody;
    const { result } = await stage.rpc("helper", "GetTask", { id: task.id });
    expect(result).toEqual(task);
    expect(await (await ask("GET", `/tasks/${task.id}`)).json()).toEqual(task);
    const { result: list } = await stage.rpc("helper", "ListTasks", {});
    expect(await (await ask("GET", "/tasks")).json()).toEqual(list);
  });
});

it("a page of a configured origin may call, with A2A's headers", async () => {
  const origin = "https://app.example.com";
  await using open = await openStage([helper], () => ({ text: "done" }), { origins: [origin] });
  const response = await fetch(`${open.url}/a2a/helper`, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "a2a-version",
    },
  });
  expect(response.headers.get("access-control-allow-origin")).toBe(origin);
  expect(response.headers.get("access-control-allow-headers")).toContain("a2a-version");
});
