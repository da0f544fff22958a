/** Streams of A2A among the server's: they end with the server, with their key, and with a client that does not read. */
import { connect } from "node:net";
import { once } from "node:events";
import { askHumanTool, defineAgent } from "omniforge";
import { memoryKeys } from "omniforge/store";
import { expect, it } from "vitest";
import { a2a } from "../../packages/omniforge/src/server/a2a/index.ts";
import { drawKey } from "../../packages/omniforge/src/server/auth/api-key.ts";
import { createServer, type OmniForgeServer } from "../../packages/omniforge/src/server/app.ts";
import { authenticateByKey, endWithKey } from "../../packages/omniforge/src/server/auth/by-key.ts";
import { reading } from "./gates.ts";
import { openStage, type Stage } from "./stage.ts";

const helper = defineAgent({ name: "helper", instructions: "Help.", tools: [askHumanTool] });
const asks = ({ turn }: { turn: number }): object =>
  turn === 1 ? { calls: [{ name: "ask_human", arguments: { question: "Which?" } }] } : { text: "done" };

async function waitingTask({ forge }: Stage, tenant = "default"): Promise<string> {
  const mine = forge.forTenant(tenant);
  const { task } = await mine.submit(helper, "ask");
  await expect.poll(async () => (await mine.get(task)).state, { timeout: 30_000 }).toBe("input-required");
  return task;
}

const headers = { "A2A-Version": "1.0", "content-type": "application/json" };
const openStreams = async (app: OmniForgeServer): Promise<number> => {
  const text = await (await app.request("/metrics")).text();
  return Number(/^omniforge_streams_open (\d+)$/m.exec(text)?.[1]);
};

it("a server that stops ends them, and says when to come again", async () => {
  await using stage = await openStage([helper], asks);
  const app = createServer(stage.forge, { extensions: [a2a()] });
  const task = await waitingTask(stage);
  const stream = await app.request(`/a2a/helper/tasks/${task}:subscribe`, { headers });
  const { next } = reading(stream);
  expect(await next()).toMatch(/^data: \{"task".*\n\n$/);
  app.stop();
  expect(await next()).toMatch(/^retry: \d+\n\n$/);
  expect(await next()).toBeUndefined();
  expect((await app.request(`/a2a/helper/tasks/${task}:subscribe`, { headers })).status).toBe(503);
});

it("a send that waits answers when the server stops, with the task as it is", async () => {
  const begun = Promise.withResolvers<void>();
  await using stage = await openStage([helper], async ({ signal }) => {
    begun.resolve();
    await new Promise((resolve) => signal?.addEventListener("abort", resolve));
    return { text: "too late" };
  });
  const app = createServer(stage.forge, { extensions: [a2a()] });
  const body = JSON.stringify({ message: { messageId: "m", role: "ROLE_USER", parts: [{ text: "Hello" }] } });
  const sent = app.request("/a2a/helper/message:send", { method: "POST", headers, body });
  await begun.promise;
  await expect.poll(() => openStreams(app), { timeout: 20_000 }).toBe(1);
  app.stop();
  const response = await sent;
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ task: { status: { state: "TASK_STATE_SUBMITTED" } } });
});

it("a key that is revoked ends its streams", async () => {
  const keys = memoryKeys();
  await using stage = await openStage([helper], asks);
  const app = createServer(stage.forge, {
    authenticate: authenticateByKey(keys),
    guards: [endWithKey(keys)],
    extensions: [a2a()],
  });
  const drawn = drawKey({ name: "n", tenant: "acme", role: "viewer", createdAt: 0 });
  await keys.add(drawn.stored);
  const task = await waitingTask(stage, "acme");
  const authorization = `Bearer ${drawn.text}`;
  const stream = await app.request(`/a2a/helper/tasks/${task}:subscribe`, {
    headers: { ...headers, authorization },
  });
  expect(stream.status).toBe(200);
  const text = stream.text();
  await keys.revoke(drawn.stored.id, Date.now());
  expect(await text).toMatch(/^data: /);
});

it("who goes away, and who never reads, leaves nothing behind", async () => {
  await using stage = await openStage([helper], asks);
  const app = createServer(stage.forge, { extensions: [a2a()], streams: { pingMs: 60 } });
  const task = await waitingTask(stage);
  const path = `/a2a/helper/tasks/${task}:subscribe`;
  const left = await app.request(path, { headers });
  const { next, leave } = reading(left);
  await next();
  expect(await openStreams(app)).toBe(1);
  await leave();
  expect(await openStreams(app)).toBe(0);
  await app.request(path, { headers });
  await expect.poll(() => openStreams(app), { timeout: 20_000 }).toBe(0);
  app.stop();
});

it("pings keep a quiet stream open for who reads", async () => {
  await using stage = await openStage([helper], asks);
  const app = createServer(stage.forge, { extensions: [a2a()], streams: { pingMs: 60 } });
  const task = await waitingTask(stage);
  const stream = await app.request(`/a2a/helper/tasks/${task}:subscribe`, { headers });
  const { next, leave } = reading(stream);
  const seen: (string | undefined)[] = [];
  while (seen.filter((text) => text === ": ping\n\n").length < 5) seen.push(await next());
  expect(seen[0]).toMatch(/^data: \{"task"/);
  await leave();
  app.stop();
});

it("a client whose socket breaks in the middle of a stream is forgotten", async () => {
  await using stage = await openStage([helper], asks);
  const task = await waitingTask(stage);
  const { port, hostname } = new URL(stage.url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.write(
    `GET /a2a/helper/tasks/${task}:subscribe HTTP/1.1\r\nhost: ${hostname}:${port}\r\na2a-version: 1.0\r\n\r\n`,
  );
  await once(socket, "data");
  socket.destroy();
  await expect
    .poll(
      async () =>
        /^omniforge_streams_open (\d+)$/m.exec(await (await fetch(`${stage.url}/metrics`)).text())?.[1],
      { timeout: 20_000 },
    )
    .toBe("0");
  expect((await stage.forge.get(task)).state).toBe("input-required");
});
