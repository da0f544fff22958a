/** P1–P3: what people say is accepted once, never lost, and taken. */
import { OmniForgeError, userMessage, type Answer } from "omniforge/protocol";
import { expire } from "omniforge/steps";
import { describe } from "vitest";
import { changing, forgetting, showing, without } from "./flaws.ts";
import { invariant } from "./invariant.ts";
import { answering, asking, tireless } from "./scripts.ts";
import { watched } from "./tools.ts";
import type { Flaw, World } from "./world.ts";

const needsApproval = { needsApproval: true, deadlineMs: 60_000 } as const;
const approve: Answer = { decision: "approve" };

/** What came of it: accepted, or the code of its refusal. */
async function said(
  world: World,
  row: { tenant: string; task: string },
  request: string,
  answer: Answer,
): Promise<string> {
  try {
    await world.say(row, { kind: "answer", request, answer });
    return "accepted";
  } catch (thrown) {
    return OmniForgeError.is(thrown) ? thrown.code : String(thrown);
  }
}

/** A way of accepting that judges nothing. */
const unjudged: Flaw = {
  steps: {
    async accept(world, { tenant, task }, input) {
      const body =
        input.kind === "answer"
          ? { id: input.request, outcome: "answered" as const, answer: input.answer }
          : { id: "?", outcome: "answered" as const };
      const result = await world.store.commit({
        tenant,
        task,
        entries: [{ kind: "input", body }],
        at: world.now(),
      });
      if (result.kind !== "committed" || result.entries[0] === undefined) throw new Error(result.kind);
      return { entry: result.entries[0], repeated: false };
    },
  },
};

describe("P1", () => {
  invariant(
    "a message is accepted once under its id, however often it is sent",
    { "ids are not compared": { rule: without("found") } },
    async ({ open, expect }) => {
      const world = open({ script: answering });
      const row = await world.begin();
      const sent = Array.from({ length: 20 }, () =>
        world.say(row, { kind: "message", id: "m", message: userMessage("again and again") }),
      );
      const accepted = await Promise.all(sent);
      expect(accepted.filter(({ repeated }) => !repeated)).toHaveLength(1);
      expect(new Set(accepted.map(({ entry }) => entry.seq)).size).toBe(1);
      expect((await world.rowOf(row)).messages).toBe(2);
    },
  );

  invariant(
    "of an answer and an expiry the first wins, and the second sees it",
    { "ids are not compared": { rule: without("found") } },
    async ({ open, expect }) => {
      const world = open({ script: asking({ name: "act" }), tools: [watched(() => "", needsApproval).tool] });
      for (const answerFirst of [true, false]) {
        const row = await world.begin();
        const [call] = await world.calls(row, 1);
        const [request] = (await world.rowOf(row)).pending;
        if (call === undefined || request === undefined) throw new Error("nobody was asked");
        const acts = [
          () => said(world, row, request.id, approve),
          async () => (await expire(world, row, request))?.body.outcome,
        ];
        const outcomes = await Promise.all((answerFirst ? acts : acts.toReversed()).map((act) => act()));
        const inputs = await world.of(row, "input");
        expect(inputs).toHaveLength(1);
        expect(new Set(outcomes)).toEqual(
          new Set(
            inputs[0]?.body.outcome === "answered"
              ? ["accepted", "answered"]
              : ["ALREADY_ANSWERED", "expired"],
          ),
        );
      }
    },
  );

  invariant(
    "an answer after the deadline writes the expiry and is refused",
    { "expiries are forgotten": { store: forgetting("input") } },
    async ({ open, expect }) => {
      const world = open({ script: asking({ name: "act" }), tools: [watched(() => "", needsApproval).tool] });
      const row = await world.begin();
      await world.calls(row, 1);
      world.wait(61_000);
      expect(await said(world, row, "1/tool/0", approve)).toBe("DEADLINE_PASSED");
      expect((await world.of(row, "input")).map(({ body }) => body.outcome)).toEqual(["expired"]);
      expect(await said(world, row, "1/tool/0", approve)).toBe("ALREADY_ANSWERED");
    },
  );

  invariant(
    "an answer that comes late beside one that came in time is told of that one",
    { "nothing is judged": unjudged },
    async ({ open, expect }) => {
      const world = open({ script: asking({ name: "act" }), tools: [watched(() => "", needsApproval).tool] });
      const row = await world.begin();
      await world.calls(row, 1);
      const stale = await world.rowOf(row);
      await world.say(row, { kind: "answer", request: "1/tool/0", answer: approve });
      world.wait(61_000);
      // It has read the row before the other answer was accepted.
      const late = { ...world, store: { ...world.store, row: () => Promise.resolve(stale) } };
      const refused = await world.steps
        .accept(late, row, { kind: "answer", request: "1/tool/0", answer: approve })
        .catch((thrown: unknown) => thrown);
      expect(OmniForgeError.is(refused, "ALREADY_ANSWERED")).toBe(true);
      expect((await world.of(row, "input")).map(({ body }) => body.outcome)).toEqual(["answered"]);
    },
  );

  invariant(
    "a wrong answer is refused at once, and changes nothing",
    { "nothing is judged": unjudged },
    async ({ open, expect }) => {
      const parameters = { type: "object", properties: { path: { type: "string" } }, required: ["path"] };
      const write = watched(() => "", { name: "write", needsApproval: true, parameters });
      const world = open({
        script: asking({ name: "write", arguments: { path: "a" } }),
        tools: [write.tool],
      });
      const row = await world.begin();
      await world.calls(row, 1);
      const before = await world.rowOf(row);
      const id = "1/tool/0";
      expect(await said(world, row, id, { decision: "answer", value: "yes" })).toBe("INVALID_INPUT");
      expect(await said(world, row, id, { decision: "approve", arguments: { path: 7 } })).toBe(
        "INVALID_INPUT",
      );
      expect(await said(world, row, id, { decision: "approve", arguments: { path: "\uD800" } })).toBe(
        "INVALID_INPUT",
      );
      expect(await said(world, row, "9/tool/9", approve)).toBe("INPUT_NOT_FOUND");
      expect(await said(world, { ...row, tenant: "globex" }, id, approve)).toBe("TASK_NOT_FOUND");
      expect(await world.rowOf(row)).toEqual(before);
      expect(await said(world, row, id, approve)).toBe("accepted");
    },
  );

  invariant(
    "an order under one tenant and idempotency key makes one task",
    {
      "keys are not kept": {
        store: (sound) => ({
          ...sound,
          create: ({ idempotencyKey: _dropped, ...task }) => sound.create(task),
        }),
      },
    },
    async ({ open, expect }) => {
      const world = open({ script: answering });
      const orders = Array.from({ length: 10 }, () => world.begin("Begin.", { idempotencyKey: "order-7" }));
      expect(new Set((await Promise.all(orders)).map(({ task }) => task)).size).toBe(1);
      expect((await world.begin("Begin.", { idempotencyKey: "order-7", tenant: "globex" })).tenant).toBe(
        "globex",
      );
    },
  );

  invariant(
    "text that no store can keep is refused at the edge, ids included",
    { "nothing is judged": unjudged },
    async ({ open, expect }) => {
      const world = open({ script: answering });
      const row = await world.begin();
      const broken = "half a \uD83D";
      const message = (text: string): ReturnType<typeof userMessage> => userMessage(text);
      const sent = [
        world.say(row, { kind: "message", id: "m", message: message(broken) }),
        world.say(row, { kind: "message", id: broken, message: message("whole") }),
        world.say(row, { kind: "cancel", id: broken }),
        world.say(row, { kind: "cancel", id: "c", reason: broken }),
        world.say(row, {
          kind: "message",
          id: "m",
          message: { v: 1, role: "user", parts: [{ type: "data", value: { n: NaN } }] },
        }),
      ];
      const codes = await Promise.all(
        sent.map((one) =>
          one.then(
            () => "accepted",
            (thrown: unknown) => (OmniForgeError.is(thrown) ? thrown.code : "?"),
          ),
        ),
      );
      expect(codes).toEqual([
        "INVALID_INPUT",
        "INVALID_INPUT",
        "INVALID_INPUT",
        "INVALID_INPUT",
        "INVALID_INPUT",
      ]);
      expect((await world.rowOf(row)).headSeq).toBe(2);
    },
  );
});

describe("P2", () => {
  const executionsOf = (change: (sound: World["store"]) => Partial<World["store"]["executions"]>): Flaw => ({
    store: (sound) => ({ ...sound, executions: { ...sound.executions, ...change(sound) } }),
  });

  invariant(
    "an answer between settling and parking is not lost: the task runs again at once",
    {
      "parking notes the wakes of that moment": executionsOf((sound) => ({
        async release(reference, fence, park) {
          const row = await sound.row(reference);
          await sound.executions.release(reference, fence, park && { ...park, wakes: row?.wakes ?? 0 });
        },
      })),
      "answers do not wake": { store: changing(({ accepts: _dropped, ...commit }) => commit) },
    },
    async ({ open, expect }) => {
      const world = open({ script: asking({ name: "act" }), tools: [watched(() => "", needsApproval).tool] });
      const created = await world.begin();
      const row = await world.store.executions.acquire(created, "one");
      if (row === undefined) throw new Error("not taken");
      const calls = await world.calls(row, 1);
      const settled = await world.settle(row, calls);
      if (settled.kind !== "done") throw new Error(settled.kind);
      expect(settled.value.waiting).toHaveLength(1);
      await world.say(row, { kind: "answer", request: "1/tool/0", answer: approve });
      await world.store.executions.release(row, row.fence, { wakes: settled.value.wakes });
      expect(await world.store.executions.runnable(world.now(), 10)).toEqual([
        { tenant: row.tenant, task: row.task },
      ]);
      expect(await world.settle(row, calls)).toMatchObject({
        value: { ready: [{ key: "1/tool/0" }], waiting: [] },
      });
    },
  );

  invariant(
    "a parked task that was woken, or fell due, is found though its wake was lost",
    { "answers do not wake": { store: changing(({ accepts: _dropped, ...commit }) => commit) } },
    async ({ open, expect }) => {
      const world = open({ script: answering });
      const row = await world.begin("Begin.", { engine: "temporal" });
      await world.store.executions.park(row, { wakes: row.wakes });
      await world.say(row, { kind: "message", id: "m", message: userMessage("More.") });
      expect(await world.store.executions.unwoken("temporal", world.now(), 10)).toHaveLength(1);
    },
  );
});

describe("P3", () => {
  const deaf: Flaw = { store: showing((row) => ({ ...row, taken: row.messages })) };
  const more = (id: string) => ({ kind: "message" as const, id, message: userMessage(id) });

  invariant(
    "the next model step takes all accepted messages, and the task does not complete before",
    { "untaken messages are not seen": deaf },
    async ({ open, expect }) => {
      const world = open({ script: ({ said: heard }) => ({ text: heard.join(" ") }) });
      const row = await world.begin("a");
      await world.model(row, 1);
      for (const id of ["b", "c"]) await world.say(row, more(id));
      const finish = (turn: number): Promise<unknown> =>
        world.steps.finish(world, world.attempt(row), turn, { kind: "completed" });
      expect(await finish(1)).toEqual({ kind: "done", value: "more" });
      await world.model(row, 2);
      expect((await world.of(row, "reply"))[1]?.body.took).toEqual(["b", "c"]);
      expect(await finish(1)).toEqual({ kind: "done", value: "more" });
      expect(await finish(2)).toEqual({ kind: "done", value: "finished" });
      expect(JSON.stringify((await world.of(row, "ended"))[0]?.body.parts)).toContain("a b c");
    },
  );

  invariant(
    "a cancel, a failure and a limit refuse the messages that nobody will take",
    { "untaken messages are not seen": deaf },
    async ({ open, expect }) => {
      const world = open({ script: tireless, tools: [watched().tool], limits: { turns: 1 } });
      for (const ending of [
        { kind: "canceled" as const },
        { kind: "failed" as const, code: "INTERNAL" },
        { kind: "completed" as const },
      ]) {
        const row = await world.begin();
        await world.model(row, 1);
        await world.say(row, more("late"));
        expect(await world.steps.finish(world, world.attempt(row), 1, ending)).toEqual({
          kind: "done",
          value: "finished",
        });
        expect((await world.of(row, "refusal")).map(({ body }) => body.message)).toEqual(["late"]);
      }
    },
  );
});
