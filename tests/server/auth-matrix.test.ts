/**
 * Every route, with every role, with its own and with another tenant's ids, and with no, a wrong, a revoked and an expired
 * key: the cases are made of the table of routes, so that a route that is added and has no row here fails.
 */
import { roles, type Role, type Task } from "omniforge/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Route } from "../../packages/omniforge/src/server/route.ts";
import { serverRoutes as routes } from "../../packages/omniforge/src/server/app.ts";
import { writeCursor } from "../../packages/omniforge/src/server/cursor.ts";
import { clerk, openAuthStage, type AuthStage } from "./auth-stage.ts";

/** How a route is called so that it answers with this status, to whom may call it. */
interface Row {
  readonly succeeds: number;
  readonly body?: unknown;
  /** What it is called on. Default a task that waits for an approval. */
  readonly on?: "waiting" | "ended";
  /** Whose keys may call it. Default any tenant's. */
  readonly tenant?: "default";
}

const approve = { decision: "approve" };
const words = { message: "hello" };
const rows: Readonly<Record<string, Row>> = {
  listAgents: { succeeds: 200 },
  getAgent: { succeeds: 200 },
  listTools: { succeeds: 200 },
  getTool: { succeeds: 200 },
  submitTask: { succeeds: 201, body: words },
  listAgentTasks: { succeeds: 200 },
  listTasks: { succeeds: 200 },
  getAgentTask: { succeeds: 200 },
  getTask: { succeeds: 200 },
  cancelTask: { succeeds: 202, body: {} },
  cancelAgentTask: { succeeds: 202, body: {} },
  eraseTask: { succeeds: 204, on: "ended" },
  followTask: { succeeds: 200 },
  traceTask: { succeeds: 200 },
  listInputs: { succeeds: 200 },
  answerInput: { succeeds: 200, body: approve },
  sayToTask: { succeeds: 202, body: words },
  sayToAgentTask: { succeeds: 202, body: words },
  chatWithAgent: { succeeds: 202, body: words },
  chat: { succeeds: 202, body: words },
  getArtifact: { succeeds: 200, on: "ended" },
  scrape: { succeeds: 200, tenant: "default" },
};

const canary = "only-the-other-tenant-knows-this";
const file = { type: "file" as const, mediaType: "text/plain", name: "note.txt", data: btoa("a note") };

let stage: AuthStage;
beforeAll(async () => {
  stage = await openAuthStage(["acme", "other", "default"]);
});
afterAll(() => stage[Symbol.asyncDispose]());

/** A task of a tenant that waits for an approval, or one that has ended. */
async function taskOf(tenant: string, on: "waiting" | "ended", text = ""): Promise<Task> {
  const forge = stage.forge.forTenant(tenant);
  const parts = [{ type: "text" as const, text: `${on === "waiting" ? "pay" : "say"} ${text}` }, file];
  const { task } = await forge.submit(clerk, { v: 1, role: "user", parts });
  await expect
    .poll(async () => (await forge.get(task)).state, { timeout: 30_000 })
    .toBe(on === "waiting" ? "input-required" : "completed");
  return forge.get(task);
}

const names = { agent: clerk.name, tool: "pay", name: file.name };

function pathOf(route: Route, task: Pick<Task, "task" | "pending"> | undefined, conversation = ""): string {
  const input = task?.pending[0]?.id ?? "0";
  const values: Record<string, string> = { ...names, task: task?.task ?? "", input };
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) =>
    encodeURIComponent(values[name] ?? ""),
  );
  if (!route.operation.startsWith("chat")) return path;
  return `${path}?wait=0${conversation === "" ? "" : `&conversation_id=${conversation}`}`;
}

function call(
  route: Route,
  path: string,
  headers: Record<string, string>,
  body = rows[route.operation]?.body,
) {
  return stage.app.request(path, {
    method: route.method.toUpperCase(),
    headers: {
      accept: "application/json",
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

const named = routes.map((route): [string, Route] => [`${route.method} ${route.path}`, route]);
const closed = named.filter(([, { role }]) => role !== "anyone");
const aboutTasks = closed.filter(([, { path }]) => path.includes("{task}"));

describe("the table of routes", () => {
  it("has a row here for each of its routes", () => {
    const needed = closed.map(([, { operation }]) => operation);
    expect(Object.keys(rows).toSorted()).toEqual(needed.toSorted());
  });

  it.each(closed)("lets in to %s who may, and nobody else", async (_name, route) => {
    const row = rows[route.operation];
    const tenant = row?.tenant ?? "acme";
    for (const role of roles) {
      const task = await taskOf(tenant, row?.on ?? "waiting");
      const path = pathOf(route, task);
      const response = await call(route, path, { authorization: stage.key(tenant, role) });
      const may = roles.indexOf(role) >= roles.indexOf(route.role as Role);
      expect([role, response.status]).toEqual([role, may ? row?.succeeds : 403]);
      if (may) continue;
      expect(await response.json()).toMatchObject({ code: "FORBIDDEN", status: 403 });
      expect(response.headers.get("content-type")).toContain("application/problem+json");
      // Who may not has done nothing.
      expect((await stage.forge.forTenant(tenant).get(task.task)).headSeq).toBe(task.headSeq);
    }
  });

  it.each(closed)("answers 401 at %s to whoever has no valid key", async (_name, route) => {
    const task = await taskOf("acme", rows[route.operation]?.on ?? "waiting");
    const revoked = await stage.addKey({ tenant: "acme", role: "admin" });
    await stage.forge.keys.revoke(revoked.id, Date.now());
    const expired = await stage.addKey({ tenant: "acme", role: "admin", expiresAt: Date.now() - 1 });
    const wrong = `${stage.key("acme", "admin").slice(0, -4)}0000`;
    const answers = new Set<string>();
    for (const authorization of [undefined, "Basic eDp5", wrong, revoked.header, expired.header]) {
      const given = authorization === undefined ? {} : { authorization };
      const response = await call(route, pathOf(route, task), given);
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe('Bearer realm="omniforge"');
      const text = await response.text();
      expect(text).not.toContain(task.task);
      if (authorization?.startsWith("Bearer ofk_") === true) answers.add(text);
    }
    expect(answers.size).toBe(1);
    expect((await stage.forge.forTenant("acme").get(task.task)).headSeq).toBe(task.headSeq);
  });

  it.each(aboutTasks)(
    "does not tell at %s another tenant's task from one that is not there",
    async (_name, route) => {
      const on = rows[route.operation]?.on ?? "waiting";
      const foreign = await taskOf("other", on, canary);
      const missing = { task: `${foreign.task.slice(0, -4)}0000`, pending: foreign.pending };
      const authorization = stage.key("acme", "admin");
      const [there, nowhere] = await Promise.all(
        [foreign, missing].map(async (task) => {
          const response = await call(route, pathOf(route, task), { authorization });
          const { headers } = response;
          const text = (await response.text()).replaceAll(task.task, "TASK");
          return { status: response.status, type: headers.get("content-type"), text };
        }),
      );
      expect(there).toEqual(nowhere);
      expect(there?.status).toBe(404);
      expect(there?.text).toContain("TASK_NOT_FOUND");
      const after = await stage.forge.forTenant("other").get(foreign.task);
      expect(after).toEqual(foreign);
    },
  );

  it.each(closed)("shows at %s nothing that another tenant has", async (_name, route) => {
    const foreign = await taskOf("other", "waiting", canary);
    const own = await taskOf("acme", rows[route.operation]?.on ?? "waiting");
    const page = await stage.app.request("/api/v1/tasks?limit=1", {
      headers: { authorization: stage.key("other", "viewer") },
    });
    const { next = "" } = (await page.json()) as { next?: string };
    const queries = [
      "",
      `root=${foreign.root}`,
      `parent=${foreign.task}`,
      `cursor=${encodeURIComponent(next)}`,
      `agent=${clerk.name}&limit=200`,
      "tree=true",
    ];
    for (const query of queries) {
      const path = pathOf(route, own);
      const asked = query === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${query}`;
      const response = await call(route, asked, {
        authorization: stage.key("acme", "admin"),
        "last-event-id": "0",
        "idempotency-key": "a key",
      });
      const text = await response.text();
      expect(text).not.toContain(canary);
      expect(text).not.toContain(foreign.task);
    }
    expect(await stage.forge.forTenant("other").get(foreign.task)).toEqual(foreign);
  });
});

describe("what the process counts, of all tenants together,", () => {
  it.each(roles)("is told to no %s of another tenant than the server's own", async (role) => {
    const response = await stage.app.request("/metrics", {
      headers: { authorization: stage.key("acme", role) },
    });
    const text = await response.text();
    expect([response.status, text]).toEqual([403, expect.stringContaining("FORBIDDEN")]);
    expect(text).not.toMatch(/omniforge_(tokens|cost|tasks)/);
  });
});

describe("the inbox", () => {
  it("names for each request the least role that may answer it", async () => {
    const { task } = await taskOf("acme", "waiting");
    const headers = { authorization: stage.key("acme", "viewer") };
    const response = await stage.app.request(`/api/v1/inputs?root=${task}`, { headers });
    const least = routes.find(({ operation }) => operation === "answerInput")?.role;
    expect(least).toBe("operator");
    expect(await response.json()).toMatchObject({ items: [{ task, mayAnswer: least }] });
  });
});

describe("a stream", () => {
  it("ends within a second after its key was revoked, and others go on", async () => {
    const { task } = await taskOf("acme", "waiting");
    const revoked = await stage.addKey({ tenant: "acme", role: "viewer" });
    const [mine, other] = await Promise.all(
      [revoked.header, stage.key("acme", "viewer")].map(async (authorization) => {
        const response = await stage.app.request(`/api/v1/tasks/${task}/events`, {
          headers: { authorization, accept: "text/event-stream" },
        });
        const text = { all: "", ended: false };
        const whole = (async () => {
          const body: AsyncIterable<Uint8Array> | null = response.body;
          for await (const bytes of body ?? []) text.all += Buffer.from(bytes).toString();
          text.ended = true;
        })();
        await expect.poll(() => text.all).toContain('"kind":"request"');
        return { text, whole };
      }),
    );
    await stage.forge.keys.revoke(revoked.id, Date.now());
    await mine?.whole;
    expect(mine?.text.all).not.toContain('"kind":"ended"');
    expect(other?.text.ended).toBe(false);
    await stage.forge.forTenant("acme").cancel(task);
    await other?.whole;
    expect(other?.text.all).toContain('"kind":"ended"');
  });
});

describe("another tenant's", () => {
  it("conversation is not gone on with", async () => {
    const route = routes.find(({ operation }) => operation === "chat");
    if (route === undefined) throw new Error("there is no route to chat");
    const other = { authorization: stage.key("other", "developer") };
    const begun = await call(route, pathOf(route, undefined), other, { message: canary });
    const { conversation_id } = (await begun.json()) as { conversation_id: string };
    const acme = { authorization: stage.key("acme", "admin") };
    const response = await call(route, pathOf(route, undefined, conversation_id), acme);
    expect([response.status, await response.json()]).toMatchObject([404, { code: "TASK_NOT_FOUND" }]);
  });

  it("cursor is a place in the caller's own list", async () => {
    const foreign = await taskOf("other", "waiting");
    const own = await taskOf("acme", "waiting");
    const cursor = writeCursor({ createdAt: own.createdAt + 1, task: foreign.task });
    const response = await stage.app.request(`/api/v1/tasks?limit=200&cursor=${cursor}`, {
      headers: { authorization: stage.key("acme", "viewer") },
    });
    const { items } = (await response.json()) as { items: Task[] };
    expect(items.map(({ task }) => task)).toContain(own.task);
    expect(new Set(items.map(({ tenant }) => tenant))).toEqual(new Set(["acme"]));
  });

  it("idempotency key is another key", async () => {
    const route = routes.find(({ operation }) => operation === "submitTask");
    if (route === undefined) throw new Error("there is no route to submit");
    const made = await Promise.all(
      ["acme", "other"].map(async (tenant) => {
        const headers = { authorization: stage.key(tenant, "developer"), "idempotency-key": "the same" };
        const response = await call(route, pathOf(route, undefined), headers);
        return ((await response.json()) as Task).task;
      }),
    );
    expect(new Set(made).size).toBe(2);
  });
});
