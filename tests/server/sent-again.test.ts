/** A request that is sent again under its key finds what it did the first time, whatever the task has become meanwhile. */
import type { Task } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStage, script, type Answered, type Stage } from "./stage.ts";

let stage: Stage;
let calls: number;

beforeEach(async () => {
  calls = 0;
  const scripted = scriptedModel((view) => {
    calls++;
    return script(view);
  });
  stage = await openStage({ scripted, redact: ["amount"] });
});

afterEach(() => stage[Symbol.asyncDispose]());

const api = "/api/v1";
const keyed = (key: string): Record<string, string> => ({ "idempotency-key": key });

async function begun(message: string): Promise<string> {
  return ((await stage.ask(`${api}/agents/clerk/tasks`, { body: { message } })).body as Task).task;
}

async function until(task: string, holds: (task: Task) => boolean): Promise<void> {
  await expect.poll(async () => holds(await stage.forge.get(task)), { timeout: 20_000 }).toBe(true);
}

const waits = ({ state }: Task): boolean => state === "input-required";
const codeOf = ({ status, body }: Answered): unknown[] => [status, (body as { code?: string }).code];

async function conversation(): Promise<string> {
  const first = await stage.ask(`${api}/chat`, { body: { message: "hello" } });
  return first.headers.get("conversation-id") ?? "";
}

describe("a message", () => {
  it("is heard by a conversation that works, though nobody listens for the answer", async () => {
    const begins = await stage.ask(`${api}/chat?wait=0`, { body: { message: "hello" } });
    const task = begins.headers.get("conversation-id") ?? "";
    const said = await stage.ask(`${api}/tasks/${task}/messages`, { body: { message: "more" } });
    expect(said.status).toBe(202);
    await expect
      .poll(async () => JSON.stringify(await stage.forge.log(task)), { timeout: 20_000 })
      .toContain("You said: more");
  });

  it("said again to a conversation asks the agent nothing", async () => {
    const task = await conversation();
    const say = async (): Promise<Answered> =>
      stage.ask(`${api}/tasks/${task}/messages`, { body: { message: "more" }, headers: keyed("s1") });
    const first = await say();
    await until(task, (one) => waits(one) && calls === 2);
    for (let again = 0; again < 3; again++) expect((await say()).body).toEqual(first.body);
    const chat = await stage.ask(`${api}/chat?conversation_id=${task}`, {
      body: { message: "more" },
      headers: keyed("s1"),
    });
    expect([chat.status, chat.text]).toEqual([200, "You said: more"]);
    await until(task, waits);
    expect(calls).toBe(2);
  });

  it("that answered a question is found while the task runs on, and once it has ended", async () => {
    const task = await begun("ask Which?");
    await until(task, waits);
    const say = async (): Promise<Answered> =>
      stage.ask(`${api}/tasks/${task}/messages`, { body: { message: "blue" }, headers: keyed("a1") });
    const first = await say();
    expect(first.body).toMatchObject({ as: "answer" });
    expect([(await say()).status, (await say()).body]).toEqual([202, first.body]);
    await until(task, ({ state }) => state === "completed");
    expect((await say()).body).toEqual(first.body);
    const other = await stage.ask(`${api}/tasks/${task}/messages`, {
      body: { message: "green" },
      headers: keyed("a1"),
    });
    expect(codeOf(other)).toEqual([422, "IDEMPOTENCY_MISMATCH"]);
    expect(codeOf(await stage.ask(`${api}/tasks/${task}/messages`, { body: { message: "blue" } }))).toEqual([
      409,
      "TASK_ENDED",
    ]);
  });

  it("that was none when it came is found where the task asks by now", async () => {
    const task = await conversation();
    const say = async (): Promise<Answered> =>
      stage.ask(`${api}/tasks/${task}/messages`, { body: { message: "ask Which?" }, headers: keyed("q1") });
    const first = await say();
    await until(task, ({ pending }) => pending.some(({ prompt }) => prompt === "Which?"));
    expect((await say()).body).toEqual(first.body);
    expect((await stage.forge.get(task)).pending).toHaveLength(1);
  });

  it("under a key that is what first messages are called is said all the same", async () => {
    const task = await begun("pay 7");
    await until(task, waits);
    for (const key of ["first", "chat"]) {
      const said = await stage.ask(`${api}/tasks/${task}/messages`, {
        body: { message: "pay 7" },
        headers: keyed(key),
      });
      expect(said.status).toBe(202);
    }
    expect((await stage.forge.log(task)).filter(({ kind }) => kind === "message")).toHaveLength(3);
  });
});

it("who ends a conversation that was told something first is told that it goes on with that", async () => {
  const task = await conversation();
  await until(task, waits);
  const [request] = (await stage.forge.get(task)).pending;
  await stage.forge.close();
  const idle = await openStage({ dataDirectory: stage.folder, work: false });
  await idle.ask(`${api}/tasks/${task}/messages`, { body: { message: "more" } });
  const ends = await idle.ask(`${api}/tasks/${task}/inputs/${encodeURIComponent(request?.id ?? "")}`, {
    body: { decision: "reject" },
  });
  expect(codeOf(ends)).toEqual([409, "ALREADY_ANSWERED"]);
  await idle[Symbol.asyncDispose]();
});

it("a message that is refused keeps none of its files", async () => {
  const task = await begun("hello");
  await until(task, ({ state }) => state === "completed");
  const data = Buffer.alloc(60_000, 1).toString("base64");
  const message = { parts: [{ type: "file", mediaType: "text/plain", name: "a.txt", data }] };
  const said = await stage.ask(`${api}/tasks/${task}/messages`, { body: { message } });
  expect(codeOf(said)).toEqual([409, "TASK_ENDED"]);
  expect(await stage.forge.world.blobs.list({ tenant: stage.forge.tenant, task })).toEqual([]);
});

it("a cancel is found once the task has ended", async () => {
  const task = await begun("pay 7");
  await until(task, waits);
  const cancel = async (key: string): Promise<Answered> =>
    stage.ask(`${api}/tasks/${task}/cancel`, { body: {}, headers: keyed(key) });
  expect((await cancel("c1")).status).toBe(202);
  await until(task, ({ state }) => state === "canceled");
  expect((await cancel("c1")).status).toBe(202);
  expect(codeOf(await cancel("c2"))).toEqual([409, "TASK_ENDED"]);
});

it("an erasure is found done, though the tag was of what it erased", async () => {
  const task = await begun("hello");
  await until(task, ({ state }) => state === "completed");
  const etag = (await stage.ask(`${api}/tasks/${task}`)).headers.get("etag") ?? "";
  const erase = async (): Promise<Answered> =>
    stage.ask(`${api}/tasks/${task}`, { method: "DELETE", headers: { "if-match": etag } });
  expect([(await erase()).status, (await erase()).status]).toEqual([204, 204]);
});

it("an approval that leaves a mask standing means what it meant the first time", async () => {
  const task = await begun("pay 7");
  await until(task, waits);
  const approve = async (amount: unknown): Promise<Answered> =>
    stage.ask(`${api}/tasks/${task}/inputs/1%2Ftool%2F0`, {
      body: { decision: "approve", arguments: { amount } },
      headers: keyed("a1"),
    });
  const first = await approve("[redacted]");
  expect(first.status).toBe(200);
  expect((await approve("[redacted]")).body).toEqual(first.body);
  await until(task, ({ state }) => state === "completed");
  expect((await approve("[redacted]")).body).toEqual(first.body);
  expect((await approve(9)).status).toBe(409);
});
