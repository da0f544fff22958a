/** A2A for tenants and roles: every route of its table, and every method of JSON-RPC that names a task. */
import type { Task } from "omniforge/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { a2a } from "../../packages/omniforge/src/server/a2a/index.ts";
import { a2aRoutes } from "../../packages/omniforge/src/server/a2a/routes.ts";
import { clerk, openAuthStage, type AuthStage } from "./auth-stage.ts";

const canary = "only-the-other-tenant-knows-this";

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  /** It changes the task, so that a viewer may not. */
  readonly changes?: boolean;
}

const message = (taskId: string) => ({
  message: { messageId: "m1", role: "ROLE_USER", taskId, parts: [{ text: "hello" }] },
});
const rpc = (method: string, params: unknown, changes = false): Call => ({
  method: "POST",
  path: "",
  body: { jsonrpc: "2.0", id: 1, method, params },
  changes,
});
const config = { taskId: "x", pushNotificationConfig: { url: "https://example.com" } };

/** By operation, every way in which it names a task. */
const calls: Readonly<Record<string, (id: string) => readonly Call[]>> = {
  a2aRpc: (id) => [
    rpc("GetTask", { id, historyLength: 10 }),
    rpc("CancelTask", { id }, true),
    rpc("SubscribeToTask", { id }),
    rpc("SendMessage", message(id), true),
    rpc("SendStreamingMessage", message(id), true),
  ],
  a2aSend: (id) => [{ method: "POST", path: "/message:send", body: message(id), changes: true }],
  a2aStream: (id) => [{ method: "POST", path: "/message:stream", body: message(id), changes: true }],
  a2aList: () => [],
  a2aGet: (id) => [
    { method: "GET", path: `/tasks/${id}` },
    { method: "GET", path: `/tasks/${id}:subscribe` },
  ],
  a2aTaskVerb: (id) => [
    { method: "POST", path: `/tasks/${id}:cancel`, body: {}, changes: true },
    { method: "POST", path: `/tasks/${id}:subscribe`, body: {} },
  ],
  a2aPushCreate: (id) => [{ method: "POST", path: `/tasks/${id}/pushNotificationConfigs`, body: config }],
  a2aPushList: (id) => [{ method: "GET", path: `/tasks/${id}/pushNotificationConfigs` }],
  a2aPushGet: (id) => [{ method: "GET", path: `/tasks/${id}/pushNotificationConfigs/1` }],
  a2aPushDelete: (id) => [{ method: "DELETE", path: `/tasks/${id}/pushNotificationConfigs/1` }],
  a2aExtendedCard: () => [],
};

let stage: AuthStage;
beforeAll(async () => {
  stage = await openAuthStage(["acme", "other"], { server: { extensions: [a2a()] } });
});
afterAll(() => stage[Symbol.asyncDispose]());

async function waiting(tenant: string): Promise<Task> {
  const forge = stage.forge.forTenant(tenant);
  const { task } = await forge.submit(clerk, `pay ${tenant === "other" ? canary : ""}`);
  await expect.poll(async () => (await forge.get(task)).state).toBe("input-required");
  return forge.get(task);
}

async function ask({ method, path, body }: Call, authorization?: string): Promise<Response> {
  return stage.app.request(`/a2a/${clerk.name}${path}`, {
    method,
    headers: {
      "a2a-version": "1.0",
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(authorization !== undefined && { authorization }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

const cases = Object.entries(calls).flatMap(([operation, make]) =>
  make("ID").map(({ method, path, body }, index): [string, string, number] => {
    const name = typeof body === "object" && body !== null && "method" in body ? String(body.method) : path;
    return [`${operation}: ${method} ${name}`, operation, index];
  }),
);

function callOf(operation: string, index: number, id: string): Call {
  const call = calls[operation]?.(id)[index];
  if (call === undefined) throw new Error(`there is no call ${index} of ${operation}`);
  return call;
}

describe("A2A", () => {
  it("has its calls here for each of its routes", () => {
    const closed = a2aRoutes(stage.forge).filter(({ role }) => role !== "anyone");
    expect(Object.keys(calls).toSorted()).toEqual(closed.map(({ operation }) => operation).toSorted());
  });

  it.each(cases)(
    "does not tell another tenant's task from one that is not there: %s",
    async (_name, operation, index) => {
      const foreign = await waiting("other");
      const missing = `${foreign.task.slice(0, -4)}0000`;
      const answers = await Promise.all(
        [foreign.task, missing].map(async (id) => {
          const response = await ask(callOf(operation, index, id), stage.key("acme", "admin"));
          return { status: response.status, text: (await response.text()).replaceAll(id, "ID") };
        }),
      );
      expect(answers[0]).toEqual(answers[1]);
      expect(answers[0]?.text).toContain("error");
      expect(answers[0]?.text).not.toContain(canary);
      expect(await stage.forge.forTenant("other").get(foreign.task)).toEqual(foreign);
    },
  );

  it.each(cases)("needs a key: %s", async (_name, operation, index) => {
    const own = await waiting("acme");
    const response = await ask(callOf(operation, index, own.task));
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
    expect(await stage.forge.forTenant("acme").get(own.task)).toEqual(own);
  });

  it.each(cases.filter(([, operation, index]) => callOf(operation, index, "").changes === true))(
    "lets a viewer change nothing: %s",
    async (_name, operation, index) => {
      const own = await waiting("acme");
      const response = await ask(callOf(operation, index, own.task), stage.key("acme", "viewer"));
      expect(await response.text()).toMatch(/error/);
      expect(await stage.forge.forTenant("acme").get(own.task)).toEqual(own);
    },
  );

  it("lists a tenant's own tasks only, by both bindings", async () => {
    const [foreign, own] = [await waiting("other"), await waiting("acme")];
    for (const call of [
      { method: "GET", path: "/tasks?pageSize=100" },
      rpc("ListTasks", { pageSize: 100 }),
    ]) {
      const text = await (await ask(call, stage.key("acme", "admin"))).text();
      expect(text).toContain(own.task);
      expect(text).not.toContain(foreign.task);
      expect(text).not.toContain(canary);
    }
  });
});
