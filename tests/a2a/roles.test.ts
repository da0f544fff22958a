/** Who may do what (7.5, 13.1): tenant and role come from the key, and what is another tenant's is not there. */
import { askHumanTool, defineAgent } from "omniforge";
import { roles, type Role } from "omniforge/protocol";
import { memoryKeys } from "omniforge/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawKey } from "../../packages/omniforge/src/server/auth/api-key.ts";
import { authenticateByKey } from "../../packages/omniforge/src/server/index.ts";
import { openStage, type RpcAnswer, type Stage } from "./stage.ts";

const helper = defineAgent({ name: "helper", instructions: "Help.", tools: [askHumanTool] });
const keys = memoryKeys();
const key: Record<string, string> = {};
let stage: Stage;
let task = "";

beforeAll(async () => {
  stage = await openStage(
    [helper],
    ({ turn }) =>
      turn === 1 ? { calls: [{ name: "ask_human", arguments: { question: "Which?" } }] } : { text: "done" },
    { authenticate: authenticateByKey(keys) },
  );
  for (const tenant of ["acme", "globex"])
    for (const role of roles) {
      const drawn = drawKey({ name: "n", tenant, role, createdAt: 0 });
      await keys.add(drawn.stored);
      key[`${tenant} ${role}`] = drawn.text;
    }
  const { result } = await as("acme", "developer", "SendMessage", { message: hello("first") });
  task = (result as { task: { id: string } }).task.id;
});
afterAll(() => stage[Symbol.asyncDispose]());

const hello = (messageId: string, more: object = {}): object => ({
  messageId,
  role: "ROLE_USER",
  parts: [{ text: "Hello" }],
  ...more,
});
const as = (tenant: string, role: Role, method: string, params: unknown): Promise<RpcAnswer> =>
  stage.rpc("helper", method, params, { authorization: `Bearer ${key[`${tenant} ${role}`] ?? ""}` });

const at = (role: Role): number => roles.indexOf(role);

describe.each(roles)("a %s", (role) => {
  it.each<[string, unknown, Role]>([
    ["GetTask", { id: "TASK" }, "viewer"],
    ["ListTasks", {}, "viewer"],
    ["SendMessage", { message: "begins" }, "developer"],
    ["SendStreamingMessage", { message: "begins" }, "developer"],
    ["SendMessage", { message: "continues" }, "operator"],
  ])("may call %s, with %j, from %s on", async (method, params, least) => {
    const sent =
      (params as { message?: string }).message === "begins"
        ? { message: hello(`b-${role}-${method}`), configuration: { returnImmediately: true } }
        : (params as { message?: string }).message === "continues"
          ? { message: hello(`c-${role}`, { taskId: "nowhere" }) }
          : { ...(params as object), ...("id" in (params as object) && { id: task }) };
    const headers = {
      authorization: `Bearer ${key[`acme ${role}`] ?? ""}`,
      "content-type": "application/json",
      "A2A-Version": "1.0",
    };
    const response = await fetch(`${stage.url}/a2a/helper`, {
      method: "POST",
      headers,
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: sent }),
    });
    expect(response.status === 403).toBe(at(role) < at(least));
    await response.body?.cancel();
  });

  it("of another tenant finds nothing", async () => {
    const answers = await Promise.all([
      as("globex", role, "GetTask", { id: task }),
      as("globex", role, "SubscribeToTask", { id: task }),
      ...(at(role) >= at("operator")
        ? [
            as("globex", role, "CancelTask", { id: task }),
            as("globex", role, "SendMessage", { message: hello("stolen", { taskId: task }) }),
          ]
        : []),
      ...(at(role) >= at("developer")
        ? [as("globex", role, "SendMessage", { message: hello(`r-${role}`, { referenceTaskIds: [task] }) })]
        : []),
    ]);
    for (const { error } of answers) {
      expect(error?.code).toBe(-32_001);
      expect(error?.message).not.toMatch(/acme|tenant/);
    }
    const { result } = await as("globex", role, "ListTasks", {});
    expect(JSON.stringify(result)).not.toContain(task);
    expect(await as("globex", role, "GetTask", { id: task, tenant: "acme" })).toMatchObject({
      error: { code: -32_602 },
    });
  });
});

it("a cancel needs an operator, over both bindings", async () => {
  expect(await as("acme", "viewer", "CancelTask", { id: task })).toMatchObject({
    status: 403,
    error: { code: -32_600 },
  });
  const refused = await fetch(`${stage.url}/a2a/helper/tasks/${task}:cancel`, {
    method: "POST",
    headers: { authorization: `Bearer ${key["acme viewer"] ?? ""}`, "A2A-Version": "1.0" },
  });
  expect([refused.status, await refused.json()]).toMatchObject([
    403,
    { error: { status: "PERMISSION_DENIED" } },
  ]);
  expect(await as("acme", "operator", "CancelTask", { id: task })).toMatchObject({
    result: { status: { state: "TASK_STATE_CANCELED" } },
  });
});
