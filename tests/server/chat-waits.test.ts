/** A chat that waits for its answer is one of the server's open streams: it ends when they do, and is answered. */
import { defineAgent } from "omniforge";
import { scriptedModel, type Script } from "omniforge/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { listen } from "../../packages/omniforge/src/server/index.ts";
import { openAuthStage, type AuthStage } from "./auth-stage.ts";
import { openStage, type Stage } from "./stage.ts";

const talker = defineAgent({ name: "talker", instructions: "Talk.", model: "scripted:test" });
/** Answers once it may. */
const slow: Script = async () => {
  await mayAnswer.promise;
  return { text: "at last" };
};
const options = { agents: [talker], models: { "scripted:test": scriptedModel(slow) } };

let mayAnswer: PromiseWithResolvers<void>;
let stage: Stage;
beforeEach(async () => {
  mayAnswer = Promise.withResolvers();
  stage = await openStage(options);
});
afterEach(() => {
  mayAnswer.resolve();
  return stage[Symbol.asyncDispose]();
});

const headers = { "content-type": "text/plain", accept: "application/json" };
const chat = (url: string): Promise<Response> =>
  fetch(`${url}/api/v1/chat`, { method: "POST", body: "hello", headers });
const openStreams = async (): Promise<string | undefined> =>
  /^omniforge_streams_open (\d+)$/m.exec((await stage.ask("/metrics")).text)?.[1];

it("a server that stops answers it with the conversation as it is, and does not wait out its grace time", async () => {
  const listening = await listen(stage.app, { port: 0, graceMs: 20_000 });
  const asked = chat(listening.url);
  await expect.poll(openStreams, { timeout: 10_000 }).toBe("1");
  const began = Date.now();
  const closed = listening.close();
  const response = await asked;
  const { conversation_id: id } = (await response.clone().json()) as { conversation_id: string };
  expect([response.status, await response.json()]).toMatchObject([202, { text: "", pending: [] }]);
  expect(response.headers.get("conversation-id")).toBe(id);
  await closed;
  expect(Date.now() - began).toBeLessThan(10_000);
  mayAnswer.resolve();
  await expect.poll(async () => (await stage.forge.get(id)).pending[0]?.kind).toBe("question");
  expect(JSON.stringify(await stage.forge.log(id))).toContain("at last");
});

it("a server that stops keeps no new one waiting: what is said is said, and the answer comes later", async () => {
  stage.app.stop();
  const { status, body } = await stage.ask("/api/v1/chat", { body: { message: "hello" }, headers });
  expect([status, body]).toMatchObject([202, { text: "" }]);
});

it("a conversation that goes on is not said to be answered before it is", async () => {
  mayAnswer.resolve();
  const first = await stage.ask("/api/v1/chat", { body: "hello", headers });
  expect([first.status, first.body]).toMatchObject([200, { text: "at last" }]);
  mayAnswer = Promise.withResolvers();
  const id = first.headers.get("conversation-id") ?? "";
  const next = await stage.ask(`/api/v1/chat?wait=0&conversation_id=${id}`, { body: "again", headers });
  expect([next.status, next.body]).toMatchObject([202, { text: "" }]);
});

it("what a conversation that was cancelled never heard is not said to be answered", async () => {
  const asked = stage.ask("/api/v1/chat", { body: "hello", headers });
  await expect.poll(async () => (await stage.forge.list({})).length).toBe(1);
  const [task] = await stage.forge.list({});
  const id = task?.task ?? "";
  const second = stage.ask(`/api/v1/chat?conversation_id=${id}`, { body: "again", headers });
  await expect.poll(openStreams).toBe("2");
  await stage.forge.cancel(id);
  const ended = { text: "", state: "canceled" };
  for (const { status, body } of [await asked, await second])
    expect([status, body]).toMatchObject([202, ended]);
});

it("who goes away leaves no place taken", async () => {
  const { url } = await stage.listen();
  const gone = new AbortController();
  const asked = fetch(`${url}/api/v1/chat`, { method: "POST", body: "hello", headers, signal: gone.signal });
  await expect.poll(openStreams, { timeout: 10_000 }).toBe("1");
  gone.abort();
  await expect(asked).rejects.toMatchObject({ name: "AbortError" });
  await expect.poll(openStreams, { timeout: 10_000 }).toBe("0");
});

it("a key that is revoked ends its wait", async () => {
  await using keyed: AuthStage = await openAuthStage([], options);
  const { id, header } = await keyed.addKey({ tenant: "acme", role: "developer" });
  const asked = keyed.app.request("/api/v1/chat", {
    method: "POST",
    body: "hello",
    headers: { ...headers, authorization: header },
  });
  const acme = keyed.forge.forTenant("acme");
  await expect.poll(async () => (await acme.list({})).length, { timeout: 10_000 }).toBe(1);
  await keyed.forge.keys.revoke(id, Date.now());
  expect((await asked).status).toBe(202);
  mayAnswer.resolve();
});
