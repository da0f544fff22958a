/** What one Idempotency-Key stands for: the whole request, not its words alone. */
import { defineAgent, type Task } from "omniforge";
import { afterEach, beforeEach, expect, it } from "vitest";
import { clerk, openStage, type Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage[Symbol.asyncDispose]());

const headers = { "idempotency-key": "k-1" };

const send = async (body: object, path = "/api/v1/agents/clerk/tasks"): Promise<unknown[]> => {
  const { status, body: answer } = await stage.ask(path, { body, headers });
  const { task, code } = answer as { task?: string; code?: string };
  return [status, task ?? code];
};

const mismatch = [422, "IDEMPOTENCY_MISMATCH"];

it("a key is refused with other limits or in another context, and found with the same", async () => {
  const whole = { message: "x", limits: { turns: 7 }, context: "ctx7" };
  const [status, task] = await send(whole);
  expect([status, await send(whole)]).toEqual([201, [201, task]]);
  for (const other of [
    { message: "x" },
    { ...whole, limits: { turns: 8 } },
    { ...whole, limits: { turns: 7, tokens: 1_000 } },
    { message: "x", context: "ctx7" },
    { ...whole, context: "ctx9" },
    { message: "x", limits: { turns: 7 } },
  ])
    expect(await send(other)).toEqual(mismatch);
});

it("a key of a request without limits and context is refused for one with them", async () => {
  const [status, task] = await send({ message: "x" });
  expect([status, await send({ message: "x" })]).toEqual([201, [201, task]]);
  expect(await send({ message: "x", limits: { turns: 1 } })).toEqual(mismatch);
  expect(await send({ message: "x", context: "ctx9" })).toEqual(mismatch);
});

it("a key that began a conversation is refused for one with other limits", async () => {
  const begin = async (body: object): Promise<number> =>
    (await stage.ask("/api/v1/chat", { body, headers })).status;
  expect([await begin({ message: "x" }), await begin({ message: "x" })]).toEqual([200, 200]);
  expect(await begin({ message: "x", limits: { turns: 1 } })).toBe(422);
});

it("a key finds its task also once its agent's own limits are others", async () => {
  const { folder } = stage;
  const limited = { message: "x", limits: { turns: 90 } };
  const [, task] = await send(limited);
  await stage.forge.close();
  const stricter = defineAgent({ ...clerk.definition, limits: { turns: 50 } });
  await using again = await openStage({ dataDirectory: folder, agents: [stricter] });
  const found = await again.ask("/api/v1/agents/clerk/tasks", { body: limited, headers });
  expect([found.status, (found.body as Task).task]).toEqual([201, task]);
});

it("a refused order leaves nothing of its files", async () => {
  const withFile = (letter: string) => ({
    message: {
      parts: [
        {
          type: "file",
          mediaType: "text/plain",
          name: "a.txt",
          data: Buffer.from(letter.repeat(60_000)).toString("base64"),
        },
      ],
    },
  });
  const made = await stage.ask("/api/v1/agents/clerk/tasks", { body: withFile("a"), headers });
  const reference = { tenant: "default", task: (made.body as Task).task };
  const kept = await stage.forge.world.blobs.list(reference);
  expect([made.status, kept.length]).toEqual([201, 1]);
  expect(await send(withFile("b"))).toEqual(mismatch);
  expect(await send(withFile("a"))).toEqual([201, reference.task]);
  expect(await stage.forge.world.blobs.list(reference)).toEqual(kept);
});
