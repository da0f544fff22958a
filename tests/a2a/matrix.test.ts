/**
 * Every route of A2A, with every role, with its own and with another tenant's task, and without a key: made of the routes
 * themselves, so that one that is added and has no row here fails.
 */
import { askHumanTool, defineAgent } from "omniforge";
import { roles, type Role } from "omniforge/protocol";
import { memoryKeys } from "omniforge/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { a2aRoutes } from "../../packages/omniforge/src/server/a2a/index.ts";
import { drawKey } from "../../packages/omniforge/src/server/auth/api-key.ts";
import { authenticateByKey } from "../../packages/omniforge/src/server/index.ts";
import { reading } from "./gates.ts";
import { openStage, type Stage } from "./stage.ts";

interface Row {
  readonly least: Role | "anyone";
  /** For the caller's own task, and for another tenant's. */
  readonly own: number;
  readonly foreign: number;
  readonly verb?: string;
  readonly body?: (task: string) => unknown;
}

const canary = "only-the-other-tenant-knows-this";
let said = 0;
const message = (taskId?: string): object => ({
  message: {
    messageId: `m${++said}`,
    role: "ROLE_USER",
    parts: [{ text: "ask" }],
    ...(taskId !== undefined && { taskId }),
  },
  configuration: { returnImmediately: true },
});
const rpc =
  (method: string) =>
  (id: string): unknown => ({ jsonrpc: "2.0", id: 1, method, params: { id } });

/** By operation; several where a path has several verbs. */
const rows: Readonly<Record<string, readonly Row[]>> = {
  a2aDefaultCard: [{ least: "anyone", own: 200, foreign: 200 }],
  a2aCard: [{ least: "anyone", own: 200, foreign: 200 }],
  a2aRpc: [
    { least: "viewer", own: 200, foreign: 200, body: rpc("GetTask") },
    { least: "viewer", own: 200, foreign: 200, body: rpc("SubscribeToTask") },
    { least: "viewer", own: 200, foreign: 200, body: rpc("ListTasks") },
    { least: "operator", own: 200, foreign: 200, body: rpc("CancelTask") },
  ],
  a2aSend: [
    { least: "operator", own: 200, foreign: 404, body: message },
    { least: "developer", own: 200, foreign: 200, body: () => message() },
  ],
  a2aStream: [
    { least: "operator", own: 200, foreign: 404, body: message },
    { least: "developer", own: 200, foreign: 200, body: () => message() },
  ],
  a2aList: [{ least: "viewer", own: 200, foreign: 200 }],
  a2aGet: [
    { least: "viewer", own: 200, foreign: 404 },
    { least: "viewer", own: 200, foreign: 404, verb: ":subscribe" },
  ],
  a2aTaskVerb: [
    { least: "viewer", own: 200, foreign: 404, verb: ":subscribe" },
    { least: "operator", own: 200, foreign: 404, verb: ":cancel" },
  ],
  a2aPushCreate: [{ least: "viewer", own: 400, foreign: 400, body: () => ({}) }],
  a2aPushList: [{ least: "viewer", own: 400, foreign: 400 }],
  a2aPushGet: [{ least: "viewer", own: 400, foreign: 400 }],
  a2aPushDelete: [{ least: "viewer", own: 400, foreign: 400 }],
  a2aExtendedCard: [{ least: "viewer", own: 400, foreign: 400 }],
};

const helper = defineAgent({ name: "helper", instructions: "Help.", tools: [askHumanTool] });
const keys = memoryKeys();
const keyOf = new Map<Role, string>();
let stage: Stage;
beforeAll(async () => {
  stage = await openStage(
    [helper],
    ({ turn, said: [asked = ""] }) =>
      turn === 1 ? { calls: [{ name: "ask_human", arguments: { question: asked } }] } : { text: "done" },
    { authenticate: authenticateByKey(keys) },
  );
  for (const role of roles) {
    const drawn = drawKey({ name: "n", tenant: "acme", role, createdAt: 0 });
    await keys.add(drawn.stored);
    keyOf.set(role, drawn.text);
  }
});
afterAll(() => stage[Symbol.asyncDispose]());

/** A task that waits for an answer. */
async function taskOf(tenant: string): Promise<string> {
  const forge = stage.forge.forTenant(tenant);
  const { task } = await forge.submit(helper, tenant === "acme" ? "ask" : canary);
  await expect.poll(async () => (await forge.get(task)).state, { timeout: 30_000 }).toBe("input-required");
  return task;
}

const routes = (): ReturnType<typeof a2aRoutes> => a2aRoutes(stage.forge);

interface Answered {
  readonly status: number;
  readonly text: string;
}

async function call(operation: string, row: Row, task: string, key?: string): Promise<Answered> {
  const route = routes().find((one) => one.operation === operation);
  if (route === undefined) throw new Error(`there is no route ${operation}`);
  const values: Record<string, string> = { agent: "helper", task: task + (row.verb ?? ""), config: "c" };
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => values[name] ?? "");
  const response = await fetch(stage.url + path, {
    method: route.method.toUpperCase(),
    headers: {
      "A2A-Version": "1.0",
      "content-type": "application/json",
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    },
    ...(row.body && { body: JSON.stringify(row.body(task)) }),
  });
  const { next, leave } = reading(response);
  const text = (await next()) ?? "";
  await leave();
  return { status: response.status, text };
}

it("every route has its rows", () => {
  expect(Object.keys(rows).toSorted()).toEqual(
    routes()
      .map(({ operation }) => operation)
      .toSorted(),
  );
});

const cases = Object.entries(rows).flatMap(([operation, all]) =>
  all.map((row, index) => [`${operation} ${index + 1}`, operation, row] as const),
);

describe.each(cases)("%s", (_name, operation, row) => {
  const mayCall = (role: Role): boolean =>
    row.least === "anyone" || roles.indexOf(role) >= roles.indexOf(row.least);

  it.each(roles)("is a %s's, or is not", async (role) => {
    const { status } = await call(operation, row, await taskOf("acme"), keyOf.get(role));
    expect(status).toBe(mayCall(role) ? row.own : 403);
  });

  it.each(roles)("shows a %s nothing of another tenant's task, and does nothing to it", async (role) => {
    const task = await taskOf("globex");
    const { status, text } = await call(operation, row, task, keyOf.get(role));
    expect(status).toBe(mayCall(role) ? row.foreign : 403);
    expect(text).not.toContain(canary);
    expect((await stage.forge.forTenant("globex").get(task)).state).toBe("input-required");
  });

  it("is nobody's without a key, unless it is a card", async () => {
    const { status, text } = await call(operation, row, await taskOf("acme"));
    expect(status).toBe(row.least === "anyone" ? 200 : 401);
    expect(text).not.toContain(canary);
  });
});
