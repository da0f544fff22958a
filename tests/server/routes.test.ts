/** The native API, route by route, without a port. */
import type { Task } from "omniforge";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStage, type Answered, type Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage[Symbol.asyncDispose]());

const api = "/api/v1";

async function submit(message: string, headers: Record<string, string> = {}): Promise<Task> {
  const made = await stage.ask(`${api}/agents/clerk/tasks`, { body: { message }, headers });
  expect(made.status).toBe(201);
  return made.body as Task;
}

async function until(task: string, state: string): Promise<Task> {
  await expect.poll(async () => (await stage.forge.get(task)).state, { timeout: 20_000 }).toBe(state);
  return stage.forge.get(task);
}

const codeOf = ({ status, body }: Answered): unknown[] => [
  status,
  (body as { code?: string } | undefined)?.code,
];

describe("agents and tools", () => {
  it("are told by name and purpose, without instructions or schemas", async () => {
    const list = await stage.ask(`${api}/agents`);
    expect(list.body).toMatchObject({
      items: [{ name: "clerk", default: true, skills: ["paperwork"], agents: ["helper"], output: false }],
    });
    const card = await stage.ask(`${api}/agents/clerk`);
    const again = await stage.ask(`${api}/agents/clerk`, {
      headers: { "if-none-match": card.headers.get("etag") ?? "" },
    });
    expect([card.status, again.status, again.text]).toEqual([200, 304, ""]);
    const tools = await stage.ask(`${api}/tools`);
    expect(tools.body).toMatchObject({
      items: expect.arrayContaining([
        {
          name: "pay",
          description: "Pays.",
          effects: "once",
          approval: "always",
          agents: ["clerk", "helper"],
        },
      ]) as unknown,
    });
    expect((await stage.ask(`${api}/tools/echo`)).body).toMatchObject({ name: "echo", effects: "none" });
    for (const { text } of [list, card, tools]) {
      expect(text).not.toContain("SECRET-INSTRUCTIONS");
      expect(text).not.toContain("amount");
    }
    expect(codeOf(await stage.ask(`${api}/agents/nobody`))).toEqual([404, "AGENT_NOT_FOUND"]);
    expect(codeOf(await stage.ask(`${api}/tools/nothing`))).toEqual([404, "TOOL_NOT_FOUND"]);
  });
});

describe("a task", () => {
  it("is there before the answer comes, and is found under its location", async () => {
    const made = await stage.ask(`${api}/agents/clerk/tasks`, { body: { message: "hello" } });
    const { task } = made.body as Task;
    expect([made.status, made.headers.get("location")]).toEqual([201, `${api}/tasks/${task}`]);
    expect((await stage.forge.log(task)).length).toBeGreaterThanOrEqual(2);
    await until(task, "completed");
    const shown = await stage.ask(`${api}/tasks/${task}`);
    expect(shown.body).toMatchObject({
      state: "completed",
      messages: [
        { role: "user", actor: "admin", parts: [{ type: "text", text: "hello" }] },
        { role: "assistant", parts: [{ type: "text", text: "You said: hello" }] },
      ],
      usage: expect.any(Object) as unknown,
    });
    const etag = shown.headers.get("etag") ?? "";
    expect((await stage.ask(`${api}/tasks/${task}`, { headers: { "if-none-match": etag } })).status).toBe(
      304,
    );
    expect((await stage.ask(`${api}/agents/clerk/tasks/${task}`)).status).toBe(200);
    expect(codeOf(await stage.ask(`${api}/agents/helper/tasks/${task}`))).toEqual([404, "TASK_NOT_FOUND"]);
  });

  it("is taken as plain text, too", async () => {
    const made = await stage.ask(`${api}/agents/clerk/tasks`, {
      body: "hello",
      headers: { "content-type": "text/plain" },
    });
    expect(made.status).toBe(201);
  });

  it("is one for one Idempotency-Key, and the key is refused for another request", async () => {
    const headers = { "idempotency-key": "k-1" };
    const [one, two] = await Promise.all([submit("hello", headers), submit("hello", headers)]);
    expect(one.task).toBe(two.task);
    const other = await stage.ask(`${api}/agents/clerk/tasks`, { body: { message: "else" }, headers });
    expect(codeOf(other)).toEqual([422, "IDEMPOTENCY_MISMATCH"]);
    const elsewhere = await stage.ask(`${api}/chat`, { body: { message: "hello" }, headers });
    expect(codeOf(elsewhere)).toEqual([422, "IDEMPOTENCY_MISMATCH"]);
  });

  it("with a file is one for one key, too", async () => {
    const file = {
      type: "file",
      mediaType: "text/plain",
      name: "a.txt",
      data: Buffer.from("a file").toString("base64"),
    };
    const body = { message: { parts: [{ type: "text", text: "hello" }, file] } };
    const headers = { "idempotency-key": "k-file" };
    const ask = async (): Promise<Answered> => stage.ask(`${api}/agents/clerk/tasks`, { body, headers });
    const [one, two] = [await ask(), await ask()];
    expect([one.status, two.status]).toEqual([201, 201]);
    expect((one.body as Task).task).toBe((two.body as Task).task);
  });

  it("has the smaller of the limits that were asked for and its agent's own", async () => {
    const body = { message: "hello", limits: { turns: 1_000, tokens: 50_000 } };
    const made = (await stage.ask(`${api}/agents/clerk/tasks`, { body })).body as Task;
    const [created] = await stage.forge.log(made.task, 0, 1);
    expect(created?.body).toMatchObject({ limits: { turns: 100, tokens: 50_000 } });
  });

  it("is canceled for good, once", async () => {
    const { task } = await submit("pay 5");
    await until(task, "input-required");
    const canceled = await stage.ask(`${api}/tasks/${task}/cancel`, { body: { reason: "no more" } });
    expect(canceled.status).toBe(202);
    await until(task, "canceled");
    expect(codeOf(await stage.ask(`${api}/tasks/${task}/cancel`, { method: "POST" }))).toEqual([
      409,
      "TASK_ENDED",
    ]);
    expect(codeOf(await stage.ask(`${api}/agents/clerk/tasks/none/cancel`, { method: "POST" }))).toEqual([
      404,
      "TASK_NOT_FOUND",
    ]);
  });

  it("is erased once it has ended, and not before", async () => {
    const { task } = await submit("pay 5");
    await until(task, "input-required");
    expect(codeOf(await stage.ask(`${api}/tasks/${task}`, { method: "DELETE" }))).toEqual([
      409,
      "TASK_NOT_ENDED",
    ]);
    await stage.ask(`${api}/tasks/${task}/cancel`, { method: "POST" });
    await until(task, "canceled");
    expect((await stage.ask(`${api}/tasks/${task}`, { method: "DELETE" })).status).toBe(204);
    expect((await stage.ask(`${api}/tasks/${task}`)).body).toMatchObject({ erased: true, messages: [] });
  });

  it("says which files it has made, and gives their bytes as what can't be run", async () => {
    const { task } = await submit("large");
    await until(task, "completed");
    const { artifacts } = (await stage.ask(`${api}/tasks/${task}`)).body as {
      artifacts: { name: string; bytes: number }[];
    };
    const [made] = artifacts;
    if (made === undefined || artifacts.length > 1) throw new Error("not one artifact");
    const { name, bytes } = made;
    const got = await stage.ask(`${api}/tasks/${task}/artifacts/${name}`);
    expect([got.status, Buffer.byteLength(got.text)]).toEqual([200, bytes]);
    expect(got.headers.get("content-disposition")).toMatch(/^attachment/);
    expect(got.headers.get("x-content-type-options")).toBe("nosniff");
    for (const wrong of ["nothing", "..%2F..%2Fomniforge.db", "%2Fetc%2Fpasswd"])
      expect(codeOf(await stage.ask(`${api}/tasks/${task}/artifacts/${wrong}`))).toEqual([
        404,
        "ARTIFACT_NOT_FOUND",
      ]);
  });

  it("tells how it came to its answer: turns, steps, attempts and what they used", async () => {
    const { task } = await submit("echo x");
    await until(task, "completed");
    const { body } = await stage.ask(`${api}/tasks/${task}/steps`);
    expect(body).toMatchObject({
      items: [
        {
          turn: 1,
          outcome: "calls",
          steps: [{ name: "echo", kind: "tool", status: "result", attempts: [] }],
        },
        { turn: 2, outcome: "answer", steps: [] },
      ],
    });
    const first = (await stage.ask(`${api}/tasks/${task}/steps?limit=1`)).body as {
      items: unknown[];
      next: number;
    };
    const second = (await stage.ask(`${api}/tasks/${task}/steps?limit=1&after=${first.next}`)).body as {
      items: unknown[];
      next?: number;
    };
    expect([...first.items, ...second.items]).toHaveLength(2);
    expect(second.items[0]).toMatchObject({ turn: 2 });
    expect(second.next).toBeUndefined();
  });
});

describe("the list of tasks", () => {
  it("pages through every task once, whichever filter", async () => {
    const made: string[] = [];
    for (let index = 0; index < 7; index++) made.push((await submit(`hello ${index}`)).task);
    for (const task of made) await until(task, "completed");
    const paging = async (query: string): Promise<string[]> => {
      const seen: string[] = [];
      for (let cursor = ""; ;) {
        const { body } = await stage.ask(`${api}/tasks?limit=2&${query}${cursor && `&cursor=${cursor}`}`);
        const page = body as { items: Task[]; next?: string };
        seen.push(...page.items.map(({ task }) => task));
        if (page.next === undefined) return seen;
        cursor = page.next;
      }
    };
    const all = made.toReversed();
    expect(new Set(await paging(""))).toEqual(new Set(all));
    expect(await paging("agent=clerk&state=completed,failed")).toHaveLength(7);
    expect(await paging("skill=paperwork")).toHaveLength(7);
    expect(await paging("skill=none")).toEqual([]);
    expect(await paging("state=failed")).toEqual([]);
    expect(await paging("createdFrom=2020-01-01T00:00:00Z")).toHaveLength(7);
    expect(await paging("createdBefore=2020-01-01T00:00:00Z")).toEqual([]);
    const listed = await stage.ask(`${api}/agents/clerk/tasks`);
    expect((listed.body as { items: Task[] }).items).toHaveLength(7);
  });

  it("is refused of an agent that is not there, unless it has tasks", async () => {
    const { task } = await submit("help 7");
    await expect.poll(async () => (await stage.forge.list({ root: task })).length).toBe(2);
    const asked = async (agent: string) => stage.ask(`${api}/agents/${agent}/tasks?state=failed`);
    expect(codeOf(await asked("nobody"))).toEqual([404, "AGENT_NOT_FOUND"]);
    for (const agent of ["clerk", "helper"])
      expect(await asked(agent)).toMatchObject({ status: 200, body: { items: [] } });
  });

  it.each([
    "cursor=nonsense",
    "cursor=W10",
    "state=sleeping",
    "limit=0",
    "limit=201",
    "limit=x",
    "createdFrom=soon",
  ])("refuses %s", async (query) => {
    expect(codeOf(await stage.ask(`${api}/tasks?${query}`))).toEqual([400, "INVALID_INPUT"]);
  });
});

describe("what waits for people", () => {
  it("stands in one inbox, sub-agents' included, and goes from it with the answer", async () => {
    const own = await submit("pay 5");
    const above = await submit("help 7");
    await until(own.task, "input-required");
    const waiting = async (query = "") =>
      (
        (await stage.ask(`${api}/inputs${query}`)).body as {
          items: { task: string; root: string; request: { id: string } }[];
        }
      ).items;
    await expect.poll(async () => (await waiting()).length).toBe(2);
    const [below] = await waiting(`?root=${above.task}`);
    if (below === undefined) throw new Error("the sub-agent asks nothing");
    expect([below.root, below.task === above.task]).toEqual([above.task, false]);
    const path = `${api}/tasks/${below.task}/inputs/${encodeURIComponent(below.request.id)}`;
    const edited = await stage.ask(path, { body: { decision: "approve", arguments: { amount: 8 } } });
    expect(edited.status).toBe(200);
    const second = await stage.ask(path, { body: { decision: "reject", reason: "late" } });
    expect(codeOf(second)).toEqual([409, "ALREADY_ANSWERED"]);
    expect(second.body).toMatchObject({
      first: {
        kind: "input",
        body: { outcome: "answered", actor: "admin", answer: { decision: "approve" } },
      },
    });
    await until(above.task, "completed");
    expect((await stage.forge.log(below.task)).find(({ kind }) => kind === "result")?.body).toMatchObject({
      parts: [{ text: "paid 8" }],
    });
    expect((await waiting()).map(({ task }) => task)).toEqual([own.task]);
  });

  it("is answered only by what fits", async () => {
    const { task } = await submit("pay 5");
    const { pending } = await until(task, "input-required");
    const path = `${api}/tasks/${task}/inputs/${encodeURIComponent(pending[0]?.id ?? "")}`;
    for (const body of [
      { decision: "answer", value: 1 },
      { decision: "approve", arguments: { amount: "much" } },
      { decision: "perhaps" },
      [],
      "{",
    ])
      expect(codeOf(await stage.ask(path, { body }))).toEqual([400, "INVALID_INPUT"]);
    expect(
      codeOf(await stage.ask(`${api}/tasks/${task}/inputs/none`, { body: { decision: "approve" } })),
    ).toEqual([404, "INPUT_NOT_FOUND"]);
    expect((await stage.ask(path, { body: { decision: "reject", reason: "no" } })).status).toBe(200);
    await until(task, "completed");
  });

  it("is answered by what is said, where it is one question; else the next turn takes it", async () => {
    const { task } = await submit("ask which?");
    await until(task, "input-required");
    const said = await stage.ask(`${api}/tasks/${task}/messages`, { body: { message: "the left one" } });
    expect([said.status, said.body]).toMatchObject([202, { as: "answer", task }]);
    await until(task, "completed");
    expect(codeOf(await stage.ask(`${api}/tasks/${task}/messages`, { body: { message: "x" } }))).toEqual([
      409,
      "TASK_ENDED",
    ]);
    const paying = await submit("pay 1");
    await until(paying.task, "input-required");
    const headers = { "idempotency-key": "m-1" };
    const once = await stage.ask(`${api}/agents/clerk/tasks/${paying.task}/send`, {
      body: { message: "hurry" },
      headers,
    });
    const other = await stage.ask(`${api}/tasks/${paying.task}/messages`, {
      body: { message: "wait" },
      headers,
    });
    expect(codeOf(other)).toEqual([422, "IDEMPOTENCY_MISMATCH"]);
    const twice = await stage.ask(`${api}/tasks/${paying.task}/messages`, {
      body: "hurry",
      headers: { ...headers, "content-type": "text/plain" },
    });
    expect([once.body, twice.body]).toMatchObject([
      { as: "message", id: "m-1" },
      { as: "message", id: "m-1" },
    ]);
    expect((once.body as { seq: number }).seq).toBe((twice.body as { seq: number }).seq);
  });
});

describe("a conversation", () => {
  it("goes on under its id, text in and text out", async () => {
    const first = await stage.ask(`${api}/chat`, {
      body: "hello",
      headers: { "content-type": "text/plain" },
    });
    expect([first.status, first.text]).toEqual([200, "You said: hello"]);
    const id = first.headers.get("conversation-id") ?? "";
    const second = await stage.ask(`${api}/agents/clerk/chat?conversation_id=${id}`, {
      body: { message: "again" },
      headers: { accept: "application/json" },
    });
    expect(second.body).toMatchObject({ conversation_id: id, text: "You said: again", pending: [] });
    expect((await stage.ask(`${api}/agents`)).body).toMatchObject({
      items: [
        {
          name: "clerk",
          tools: expect.not.arrayContaining([expect.objectContaining({ name: "listen" })]) as unknown,
        },
      ],
    });
  });

  it("says what a person must decide first, and goes on once it is decided", async () => {
    const first = await stage.ask(`${api}/chat`, {
      body: { message: "pay 3" },
      headers: { accept: "application/json" },
    });
    expect([first.status, first.body]).toMatchObject([202, { pending: [{ kind: "approval" }] }]);
    const { conversation_id: id, pending } = first.body as {
      conversation_id: string;
      pending: { id: string }[];
    };
    await stage.ask(`${api}/tasks/${id}/inputs/${encodeURIComponent(pending[0]?.id ?? "")}`, {
      body: { decision: "approve" },
    });
    await expect
      .poll(async () => (await stage.forge.get(id)).pending.some(({ kind }) => kind === "question"))
      .toBe(true);
    const next = await stage.ask(`${api}/chat?conversation_id=${id}`, { body: { message: "hello" } });
    expect(next.text).toContain("You said: hello");
  });

  it("is refused where the id is no conversation's", async () => {
    const { task } = await submit("hello");
    for (const id of [task, "none"])
      expect(
        codeOf(await stage.ask(`${api}/chat?conversation_id=${id}`, { body: { message: "x" } })),
      ).toEqual([404, "TASK_NOT_FOUND"]);
  });
});
