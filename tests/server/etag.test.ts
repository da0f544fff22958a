/** What changes a task can be held to what the client has seen of it. */
import type { Task } from "omniforge";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectedSeq, isFresh } from "../../packages/omniforge/src/server/etag.ts";
import { openStage, type Answered, type Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage[Symbol.asyncDispose]());

const api = "/api/v1";

/** A task that waits for an approval, and its tag. */
async function waiting(): Promise<{ readonly task: string; readonly tag: string }> {
  const made = await stage.ask(`${api}/agents/clerk/tasks`, { body: { message: "pay 7" } });
  const { task } = made.body as Task;
  await expect
    .poll(async () => (await stage.forge.get(task)).state, { timeout: 20_000 })
    .toBe("input-required");
  return { task, tag: await tagOf(task) };
}

async function tagOf(task: string): Promise<string> {
  return (await stage.ask(`${api}/tasks/${task}`)).headers.get("etag") ?? "";
}

const codeOf = ({ status, body }: Answered): unknown[] => [
  status,
  (body as { code?: string } | undefined)?.code,
];
const refused = [412, "PRECONDITION_FAILED"];

describe("If-Match", () => {
  it("lets an answer, a message, a cancel and an erasure through for the task as it is", async () => {
    const { task, tag } = await waiting();
    const said = await stage.ask(`${api}/tasks/${task}/messages`, {
      body: { message: "wait" },
      headers: { "if-match": tag },
    });
    expect(said.status).toBe(202);
    const approved = await stage.ask(`${api}/tasks/${task}/inputs/1%2Ftool%2F0`, {
      body: { decision: "approve" },
      headers: { "if-match": `"0", ${await tagOf(task)}` },
    });
    expect(approved.status).toBe(200);
    const other = await waiting();
    const canceled = await stage.ask(`${api}/agents/clerk/tasks/${other.task}/cancel`, {
      body: {},
      headers: { "if-match": other.tag },
    });
    expect(canceled.status).toBe(202);
    await expect
      .poll(async () => (await stage.forge.get(other.task)).state, { timeout: 20_000 })
      .toBe("canceled");
    const erased = await stage.ask(`${api}/tasks/${other.task}`, {
      method: "DELETE",
      headers: { "if-match": await tagOf(other.task) },
    });
    expect(erased.status).toBe(204);
  });

  it("refuses each for a task that has changed, and changes nothing", async () => {
    const { task, tag } = await waiting();
    await stage.forge.say(task, "meanwhile");
    const before = await stage.forge.log(task);
    const headers = { "if-match": tag };
    const asked = [
      { path: `${api}/tasks/${task}/messages`, body: { message: "late" } },
      { path: `${api}/agents/clerk/tasks/${task}/send`, body: { message: "late" } },
      { path: `${api}/tasks/${task}/inputs/1%2Ftool%2F0`, body: { decision: "approve" } },
      { path: `${api}/tasks/${task}/cancel`, body: {} },
    ];
    for (const { path, body } of asked)
      expect([path, ...codeOf(await stage.ask(path, { body, headers }))]).toEqual([path, ...refused]);
    expect(await stage.forge.log(task)).toEqual(before);
    await stage.forge.cancel(task);
    await expect.poll(async () => (await stage.forge.get(task)).state, { timeout: 20_000 }).toBe("canceled");
    expect(codeOf(await stage.ask(`${api}/tasks/${task}`, { method: "DELETE", headers }))).toEqual(refused);
    expect((await stage.forge.get(task)).erased).toBe(false);
  });

  it("finds what the same request has done before, though the task has changed by it", async () => {
    const { task, tag } = await waiting();
    const request = { body: { message: "once" }, headers: { "if-match": tag, "idempotency-key": "once" } };
    const [one, two] = [
      await stage.ask(`${api}/tasks/${task}/messages`, request),
      await stage.ask(`${api}/tasks/${task}/messages`, request),
    ];
    expect([one.status, two.status, two.body]).toEqual([202, 202, one.body]);
  });

  it("lets only one of two through that saw the same", async () => {
    const { task, tag } = await waiting();
    const answers = await Promise.all(
      ["one", "two"].map((message) =>
        stage.ask(`${api}/tasks/${task}/messages`, { body: { message }, headers: { "if-match": tag } }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([202, 412]);
  });
});

describe("tags", () => {
  it("are compared weakly for reading and strongly for writing", async () => {
    const { task } = await waiting();
    const found = await stage.forge.get(task);
    const tag = `"${found.headSeq}"`;
    expect([isFresh(`W/${tag}`, tag), isFresh(`"x", ${tag}`, tag), isFresh("*", tag)]).toEqual([
      true,
      true,
      true,
    ]);
    expect([isFresh(undefined, tag), isFresh('"x"', tag)]).toEqual([false, false]);
    expect([expectedSeq("*", found), expectedSeq(undefined, found)]).toEqual([{}, {}]);
    expect([expectedSeq(tag, found), expectedSeq(`W/${tag}`, found)]).toEqual([
      { seq: found.headSeq },
      { seq: 0 },
    ]);
  });
});
