/** Discovery (4.4.1, 8): what an agent's card says, and who may read it. */
import { DefaultAgentCardResolver } from "@a2a-js/sdk/client";
import { defineAgent, defineTool } from "omniforge";
import { expect, it } from "vitest";
import { z } from "zod";
import { memoryKeys } from "omniforge/store";
import { drawKey } from "../../packages/omniforge/src/server/auth/api-key.ts";
import { authenticateByKey, limitRate } from "../../packages/omniforge/src/server/index.ts";
import { openStage } from "./stage.ts";

const secretive = defineTool({
  name: "launch_missiles",
  description: "d",
  parameters: z.object({ code: z.string() }),
  execute: () => "",
});
const helper = defineAgent({
  name: "helper",
  description: "Helps.",
  instructions: "The password is swordfish.",
  tools: [secretive],
});
const other = defineAgent({ name: "other", instructions: "Help." });
const reply = (): { text: string } => ({ text: "done" });

it("the first agent's card stands at the root, and each agent's below its own address", async () => {
  await using stage = await openStage([helper, other], reply);
  const card = await new DefaultAgentCardResolver().resolve(stage.url);
  expect(card.name).toBe("helper");
  expect(
    card.supportedInterfaces.map(({ url, protocolBinding, protocolVersion }) => [
      url,
      protocolBinding,
      protocolVersion,
    ]),
  ).toEqual([
    [`${stage.url}/a2a/helper`, "JSONRPC", "1.0"],
    [`${stage.url}/a2a/helper`, "HTTP+JSON", "1.0"],
  ]);
  expect(card.capabilities).toMatchObject({
    streaming: true,
    pushNotifications: false,
    extendedAgentCard: false,
  });
  expect(card.skills.map(({ id }) => id)).toEqual(["helper"]);
  expect(card.securityRequirements ?? []).toEqual([]);
  expect((await new DefaultAgentCardResolver().resolve(`${stage.url}/a2a/other/`)).name).toBe("other");
  expect((await fetch(`${stage.url}/a2a/nobody/.well-known/agent-card.json`)).status).toBe(404);
});

it("a card says nothing of instructions and tools", async () => {
  await using stage = await openStage([helper], reply);
  const text = await (await fetch(`${stage.url}/.well-known/agent-card.json`)).text();
  for (const secret of ["swordfish", "launch_missiles", "code"]) expect(text).not.toContain(secret);
});

it("a card may be kept, and is asked for again by its tag (8.6)", async () => {
  await using stage = await openStage([helper], reply);
  const url = `${stage.url}/.well-known/agent-card.json`;
  const first = await fetch(url);
  expect(first.headers.get("cache-control")).toBe("public, max-age=300");
  const etag = first.headers.get("etag") ?? "";
  expect((await fetch(url, { headers: { "if-none-match": etag } })).status).toBe(304);
  expect((await fetch(url, { headers: { "if-none-match": '"another"' } })).status).toBe(200);
});

it("another definition of an agent is another version of its card", async () => {
  const versions = new Set<string>();
  for (const agent of [other, defineAgent({ name: "other", instructions: "Help more." })]) {
    await using stage = await openStage([agent], reply);
    versions.add((await new DefaultAgentCardResolver().resolve(stage.url)).version);
  }
  expect(versions.size).toBe(2);
});

it("with keys set up, anybody reads the card, which says that one is needed; nobody gets further without", async () => {
  const keys = memoryKeys();
  await using stage = await openStage([helper], reply, {
    authenticate: authenticateByKey(keys),
    guards: [limitRate()],
  });
  const { stored } = drawKey({ name: "n", tenant: "acme", role: "viewer", createdAt: 0 });
  await Promise.all([keys, stage.forge.keys].map((one) => one.add(stored)));
  for (const path of ["/", "/a2a/helper/"]) {
    const card = await new DefaultAgentCardResolver().resolve(stage.url + path);
    expect(card.securitySchemes["key"]?.scheme).toMatchObject({ value: { scheme: "Bearer" } });
    expect(card.securityRequirements).toMatchObject([{ schemes: { key: {} } }]);
  }
  const rpc = await stage.rpc("helper", "ListTasks", {});
  expect(rpc).toMatchObject({ status: 401, jsonrpc: "2.0", id: null, error: { code: -32_600 } });
  const rest = await fetch(`${stage.url}/a2a/helper/tasks`, { headers: { "A2A-Version": "1.0" } });
  expect([rest.status, rest.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
  expect(await rest.json()).toMatchObject({ error: { code: 401, status: "UNAUTHENTICATED" } });
  for (const path of ["x", "tasks", "..", "%2e%2e/helper"])
    expect((await fetch(`${stage.url}/a2a/helper/${path}/.well-known/agent-card.json`)).status).not.toBe(500);
  const posted = await fetch(`${stage.url}/a2a/helper/.well-known/agent-card.json`, { method: "POST" });
  expect(posted.status).toBe(401);
});
