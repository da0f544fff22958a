/** How many streams one tenant may hold: with keys, never so many that others find none. */
import type { OmniForge } from "omniforge";
import { scriptedModel, type Script } from "omniforge/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { a2a } from "../../packages/omniforge/src/server/a2a/index.ts";
import { createServer } from "../../packages/omniforge/src/server/index.ts";
import { clerk, openAuthStage, type AuthStage } from "./auth-stage.ts";
import { clerk as anotherClerk, openStage } from "./stage.ts";

const tenants = ["acme", "other", "third"] as const;
type Tenant = (typeof tenants)[number];

/** Never answers who asks it to hold on, and otherwise asks for an approval. */
const script: Script = async ({ said, signal }) => {
  if (said[0] === "hold") await new Promise((resolve) => signal?.addEventListener("abort", resolve));
  return { calls: [{ name: "pay", arguments: { amount: 1 } }] };
};

let stage: AuthStage;
let tasks: ReadonlyMap<string, string>;
let open: Response[];

beforeEach(async () => {
  open = [];
  stage = await openAuthStage(tenants, {
    models: { "scripted:test": scriptedModel(script) },
    server: { extensions: [a2a()], streams: { maximum: 8 } },
  });
  tasks = new Map(await Promise.all(tenants.map(async (one) => [one, await waiting(one)] as const)));
});

afterEach(async () => {
  stage.app.stop();
  await stage[Symbol.asyncDispose]();
});

async function waiting(tenant: Tenant): Promise<string> {
  const forge = stage.forge.forTenant(tenant);
  const { task } = await forge.submit(clerk, "pay");
  await expect.poll(async () => (await forge.get(task)).state, { timeout: 20_000 }).toBe("input-required");
  return task;
}

const follow = (tenant: Tenant): Promise<Response> => follows(tenant, "/api/v1/tasks/TASK/events");
const subscribe = (tenant: Tenant): Promise<Response> =>
  follows(tenant, `/a2a/${clerk.name}/tasks/TASK:subscribe`);

async function follows(tenant: Tenant, path: string): Promise<Response> {
  const response = await stage.app.request(path.replace("TASK", tasks.get(tenant) ?? ""), {
    headers: {
      authorization: stage.key(tenant, "viewer"),
      accept: "text/event-stream",
      "a2a-version": "1.0",
    },
  });
  if (response.status === 200) open.push(response);
  return response;
}

/** How many this tenant gets of so many that it asks for, one after another. */
async function gets(tenant: Tenant, asked = 10): Promise<number> {
  const statuses: number[] = [];
  for (let count = 0; count < asked; count++) statuses.push((await follow(tenant)).status);
  return statuses.filter((status) => status === 200).length;
}

describe("with keys, a tenant", () => {
  it("that takes all it can get holds half of the streams, and leaves some to each that comes after it", async () => {
    expect(await gets("acme")).toBe(4);
    expect(await gets("other")).toBe(2);
    expect(await gets("third")).toBe(1);
  });

  it("is told when to come again, in the words of what it speaks, and gets another once one has ended", async () => {
    expect(await gets("acme", 4)).toBe(4);
    const native = await follow("acme");
    expect([native.status, native.headers.get("retry-after"), await native.json()]).toMatchObject([
      429,
      "5",
      { code: "RATE_LIMITED", detail: expect.stringContaining("4 streams") as unknown },
    ]);
    const spoken = await subscribe("acme");
    expect([spoken.status, spoken.headers.get("retry-after"), await spoken.json()]).toMatchObject([
      429,
      "5",
      { error: { status: "RESOURCE_EXHAUSTED" } },
    ]);
    await open[0]?.body?.cancel();
    expect((await subscribe("acme")).status).toBe(200);
    expect((await subscribe("other")).status).toBe(200);
  });

  it("gets no more by asking for all of them at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? subscribe : follow)("acme")),
    );
    expect(answers.filter(({ status }) => status === 200).length).toBe(4);
    expect((await follow("other")).status).toBe(200);
  });

  it("whose message finds no place to wait in is answered at once, with the task as it is", async () => {
    expect(await gets("acme", 4)).toBe(4);
    const parts = [{ text: "hold" }];
    const response = await stage.app.request(`/a2a/${clerk.name}/message:send`, {
      method: "POST",
      headers: {
        authorization: stage.key("acme", "developer"),
        "content-type": "application/json",
        "a2a-version": "1.0",
      },
      body: JSON.stringify({ message: { messageId: "m", role: "ROLE_USER", parts } }),
    });
    expect([response.status, await response.json()]).toMatchObject([
      200,
      { task: { status: { state: expect.stringMatching(/SUBMITTED|WORKING/) as unknown } } },
    ]);
  });
});

it("without keys there is one tenant, and it may hold them all", async () => {
  await using alone = await openStage({ server: { streams: { maximum: 3 } } });
  const { task } = await alone.forge.submit(anotherClerk, "pay 1");
  const headers = { accept: "text/event-stream" };
  const statuses: number[] = [];
  for (let count = 0; count < 4; count++)
    statuses.push((await alone.app.request(`/api/v1/tasks/${task}/events`, { headers })).status);
  expect(statuses).toEqual([200, 200, 200, 429]);
});

it.each(["/api/v1/agents/clerk/tasks", "/api/v1/chat"])(
  "a request to %s whose events find no place has done nothing, and does once there is one",
  async (path) => {
    await using full = await openStage({ server: { streams: { maximum: 1 } } });
    const { task } = await full.forge.submit(anotherClerk, "pay 1");
    const headers = { accept: "text/event-stream", "content-type": "application/json" };
    const body = JSON.stringify({ message: "hello" });
    const asks = (): Response | Promise<Response> =>
      full.app.request(path, { method: "POST", headers, body });
    const taken = await full.app.request(`/api/v1/tasks/${task}/events`, { headers });
    expect((await asks()).status).toBe(429);
    expect(await full.forge.list({})).toHaveLength(1);
    await taken.body?.cancel();
    const answered = await asks();
    expect(await answered.text()).toContain("You said: hello");
    expect(await full.forge.list({})).toHaveLength(2);
  },
);

it("a request whose work is refused gives its place back", async () => {
  await using narrow = await openStage({ server: { streams: { maximum: 1 } } });
  const headers = { accept: "text/event-stream" };
  const asks = async (): Promise<number> =>
    (await narrow.ask("/api/v1/chat?conversation_id=none", { headers, body: { message: "hello" } })).status;
  expect([await asks(), await asks()]).toEqual([404, 404]);
});

it("a server that is stopping is given no work whose events it would not send", async () => {
  await using stopped = await openStage();
  stopped.app.stop();
  const headers = { accept: "text/event-stream" };
  const { status } = await stopped.ask("/api/v1/chat", { headers, body: { message: "hello" } });
  expect([status, await stopped.forge.list({})]).toEqual([503, []]);
});

it("a server that stops while the work is done ends the events that were to come", async () => {
  await using stopping = await openStage();
  const forge: OmniForge = {
    ...stopping.forge,
    forTenant: () => forge,
    submit: (...given) => {
      app.stop();
      return stopping.forge.submit(...given);
    },
  };
  const app = createServer(forge);
  const headers = { accept: "text/event-stream", "content-type": "text/plain" };
  const response = await app.request("/api/v1/chat", { method: "POST", headers, body: "pay 1" });
  expect([response.status, await response.text()]).toEqual([200, "retry: 1000\n\n"]);
  expect(await (await app.request("/metrics")).text()).toContain("omniforge_streams_open 0");
});
