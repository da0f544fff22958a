/** K4–K6: what a reply takes, approves and opens. */
import { defineAgent } from "omniforge";
import { userMessage, type Json } from "omniforge/protocol";
import { describe } from "vitest";
import { createTask } from "omniforge/steps";
import { changing, forgetting, reading, without } from "./flaws.ts";
import { invariant } from "./invariant.ts";
import { acting, answering, asking } from "./scripts.ts";
import { gate, watched } from "./tools.ts";
import { hashOf } from "omniforge/store";

describe("K4", () => {
  invariant(
    "a reply's commit names the messages that it took, and no others",
    {
      "it names none": {
        store: changing((commit) => ({
          ...commit,
          entries: commit.entries.map((one) =>
            one.kind === "reply" ? { ...one, body: { ...one.body, took: [] } } : one,
          ),
        })),
      },
    },
    async ({ open, expect }) => {
      const thinking = gate();
      const world = open({ script: async () => thinking.opened.then(() => ({ text: "Done." })) });
      const row = await world.begin();
      await world.say(row, { kind: "message", id: "before", message: userMessage("Before.") });
      const reply = world.model(row, 1);
      while (!world.events.some(({ type }) => type === "reset")) await world.sleep(1);
      await world.say(row, { kind: "message", id: "during", message: userMessage("During.") });
      thinking.open();
      await reply;
      expect((await world.of(row, "reply"))[0]?.body.took).toEqual(["first", "before"]);
      const { messages, taken } = await world.rowOf(row);
      expect([messages, taken]).toEqual([3, 2]);
    },
  );

  invariant(
    "what a losing attempt used is recorded by itself, and paid for once",
    {
      "attempts are forgotten": { store: forgetting("attempt") },
      "both replies are written": { rule: without("found", "stale") },
    },
    async ({ open, expect }) => {
      const thinking = gate();
      const world = open({
        script: async () =>
          thinking.opened.then(() => ({ text: "Done.", usage: { input: 100, output: 10 } })),
      });
      const row = await world.begin();
      const attempts = [world.model(row, 1), world.model(row, 1)];
      while (world.events.filter(({ type }) => type === "reset").length < 2) await world.sleep(1);
      thinking.open();
      await Promise.all(attempts);
      expect(await world.of(row, "reply")).toHaveLength(1);
      expect(
        (await world.of(row, "attempt")).map(({ body }) => [body.error.code, body.usage?.inputTokens]),
      ).toEqual([["TASK_LOST", 100]]);
      expect((await world.rowOf(row)).usage).toEqual({ inputTokens: 200, outputTokens: 20 });
    },
  );
});

describe("K5", () => {
  const write = { name: "write", needsApproval: true } as const;

  invariant(
    "a tool runs exactly the arguments that were approved, and nothing before",
    {
      "approvals are not waited for": { store: forgetting("request") },
      "other arguments are approved": {
        store: reading((one) =>
          one.kind === "request"
            ? { ...one, body: { ...one.body, arguments: { path: "/etc/passwd" } } }
            : one,
        ),
      },
    },
    async ({ open, expect }) => {
      const tool = watched(() => "written", write);
      const asked: Json = { path: "report.md", lines: [1, 2] };
      const world = open({ script: asking({ name: "write", arguments: asked }), tools: [tool.tool] });
      const row = await world.begin();
      const [call] = await world.calls(row, 1);
      if (call === undefined) throw new Error("no call");
      await world.tool(row, call);
      expect(tool.runs).toEqual([]);
      const [request] = await world.of(row, "request");
      expect([request?.body.arguments, request?.body.argumentsHash]).toEqual([
        asked,
        hashOf(JSON.stringify(asked)),
      ]);
      await world.say(row, { kind: "answer", request: call.key, answer: { decision: "approve" } });
      await world.tool(row, call);
      expect(tool.runs).toEqual([asked]);
    },
  );

  invariant(
    "a tool runs the arguments that the approver put in their place",
    {
      "the approver's arguments are ignored": {
        store: reading((one) =>
          one.kind === "input" ? { ...one, body: { ...one.body, answer: { decision: "approve" } } } : one,
        ),
      },
    },
    async ({ open, expect }) => {
      const tool = watched(() => "written", write);
      const world = open({ script: asking({ name: "write", arguments: { path: "a" } }), tools: [tool.tool] });
      const row = await world.begin();
      const [call] = await world.calls(row, 1);
      if (call === undefined) throw new Error("no call");
      await world.say(row, {
        kind: "answer",
        request: call.key,
        answer: { decision: "approve", arguments: { path: "b" } },
      });
      await world.tool(row, call);
      expect(tool.runs).toEqual([{ path: "b" }]);
    },
  );

  invariant(
    "a refused call never runs, and the model is told",
    {
      "a refusal is read as an approval": {
        store: reading((one) =>
          one.kind === "input" ? { ...one, body: { ...one.body, answer: { decision: "approve" } } } : one,
        ),
      },
    },
    async ({ open, expect }) => {
      const tool = watched(() => "written", write);
      const world = open({ script: asking({ name: "write" }), tools: [tool.tool] });
      const row = await world.begin();
      const [call] = await world.calls(row, 1);
      if (call === undefined) throw new Error("no call");
      await world.say(row, {
        kind: "answer",
        request: call.key,
        answer: { decision: "reject", reason: "not there" },
      });
      const settled = await world.settle(row, [call]);
      if (settled.kind === "done") for (const ready of settled.value.ready) await world.tool(row, ready);
      await world.tool(row, call);
      expect([tool.runs, await world.outcome(row, call.key)]).toEqual([[], "refused"]);
    },
  );
});

describe("K6", () => {
  const child = defineAgent({ name: "child", instructions: "Help.", model: "scripted:test" });
  const parentSetting = {
    script: asking({ name: "child", arguments: { message: "Help me." } }),
    agents: [child],
  };

  invariant(
    "a sub-agent's task has the id that the reply assigned, and is opened once however often it is asked for",
    {
      "ids are drawn anew": {
        steps: {
          async openChild(world, attempt, call) {
            const row = await world.store.row(attempt);
            const specs = await world.store.specs(row?.specHash ?? "");
            if (row === undefined || specs === undefined) return { kind: "stopped", why: "missing" };
            const message = { message: userMessage("Help me.") };
            await createTask(world, {
              tenant: row.tenant,
              specs,
              engine: row.engine,
              message,
              child: { parent: row, key: call.key },
            });
            return { kind: "done", value: { ...call, waits: "child" } };
          },
        },
      },
    },
    async ({ open, expect }) => {
      const world = open(parentSetting);
      const row = await world.begin();
      const [call] = await world.calls(row, 1);
      if (call === undefined) throw new Error("no call");
      const opened = await Promise.all(
        [1, 2, 3].map(() => world.steps.openChild(world, world.attempt(row), call)),
      );
      for (const one of opened) expect(one).toEqual({ kind: "done", value: { ...call, waits: "child" } });
      const children = await world.store.list({ tenant: row.tenant, parent: row.task, limit: 10 });
      expect(children.map(({ task }) => task)).toEqual([
        (await world.of(row, "reply"))[0]?.body.calls[0]?.child,
      ]);
      expect((await world.rowOf(row)).children).toBe(1);
    },
  );

  invariant(
    "collecting a sub-agent copies its ending and its usage, once",
    {
      "results are forgotten": { store: forgetting("result") },
      "keys are not compared": { rule: without("found") },
    },
    async ({ open, expect }) => {
      const world = open({
        ...parentSetting,
        script: ({ tools }) =>
          tools.includes("child")
            ? { calls: [{ name: "child", arguments: { message: "Help." } }] }
            : { text: "42" },
      });
      const row = await world.begin();
      const [call] = await world.calls(row, 1);
      if (call?.child === undefined) throw new Error("no sub-agent");
      await world.steps.openChild(world, world.attempt(row), call);
      const below = { ...row, task: call.child };
      expect(await world.steps.collectChild(world, world.attempt(row), call)).toEqual({
        kind: "done",
        value: "waiting",
      });
      await world.model(below, 1);
      await world.steps.finish(world, world.attempt(below), 1, { kind: "completed" });
      await Promise.all([1, 2].map(() => world.steps.collectChild(world, world.attempt(row), call)));
      expect(
        (await world.of(row, "result")).map(({ body }) => [body.status, body.parts, body.usage]),
      ).toEqual([["result", [{ type: "text", text: "42" }], { inputTokens: 10, outputTokens: 5 }]]);
      expect((await world.rowOf(row)).usage).toEqual({ inputTokens: 20, outputTokens: 10 });
    },
  );

  invariant(
    "cancelling reaches every descendant by an entry in its own log, and no more are opened",
    { "descendants are not found": { store: (sound) => ({ ...sound, list: () => Promise.resolve([]) }) } },
    async ({ open, expect }) => {
      const world = open(parentSetting);
      const row = await world.begin();
      const [call] = await world.calls(row, 1);
      if (call?.child === undefined) throw new Error("no sub-agent");
      await world.steps.openChild(world, world.attempt(row), call);
      const below = { ...row, task: call.child };
      await world.say(row, { kind: "cancel", id: "stop", reason: "enough" });
      expect((await world.of(below, "cancel")).map(({ body }) => body.reason)).toEqual(["enough"]);
      const another = { ...call, key: "1/tool/1", index: 1, child: `${row.task}.1.1` };
      expect(await world.steps.openChild(world, world.attempt(row), another)).toEqual({ kind: "canceled" });
      expect(await world.store.row({ ...row, task: another.child })).toBeUndefined();
    },
  );
});

describe("a reply without calls", () => {
  invariant(
    "opens nothing and asks nobody",
    { "replies are forgotten": { store: forgetting("reply") } },
    async ({ open, expect }) => {
      const world = open({ script: answering, tools: [watched().tool] });
      const row = await world.begin();
      await world.steps.callModel(world, world.attempt(row), 1);
      expect((await world.log(row)).map(({ kind }) => kind)).toEqual(["created", "message", "reply"]);
      const other = open({ script: acting(0) });
      expect((await other.model(await other.begin(), 1)).kind).toBe("answer");
    },
  );
});
