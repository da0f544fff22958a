import { entry, isTerminal, userMessage, type TaskEvent } from "omniforge/protocol";
import type { TaskHead, TaskRow } from "omniforge/store";
import { describe } from "vitest";
import { createWatch } from "../../packages/omniforge/src/events/watch.ts";
import { decide } from "../../packages/omniforge/src/store/decide.ts";
import { project } from "../../packages/omniforge/src/store/project.ts";
import { changing, forgetting, reading, showing, without, type Rule } from "./flaws.ts";
import { invariant, type Stage } from "./invariant.ts";
import { acting, answering, asking } from "./scripts.ts";
import { gate, watched } from "./tools.ts";
import type { World } from "./world.ts";

const skipping: Rule = (commit, facts) =>
  decide(commit, { ...facts, row: facts.row && { ...facts.row, headSeq: facts.row.headSeq + 1 } });

/** Says something about the state that no entry says. */
const scribbling: Rule = (commit, facts) => {
  const decision = decide(commit, facts);
  if (decision.write === undefined) return decision;
  return {
    ...decision,
    write: { ...decision.write, head: { ...decision.write.head, state: "auth-required" } },
  };
};

/** A head before its first entry; what entries don't say is taken from the row. */
function emptyHeadOf(row: TaskRow, limits: TaskRow["limits"]): TaskHead {
  const {
    tenant,
    task,
    agent,
    specHash,
    loopVersion,
    engine,
    root,
    context,
    parent,
    parentKey,
    depth,
    workspace,
    createdAt,
  } = row;
  const named = {
    tenant,
    task,
    agent,
    specHash,
    loopVersion,
    engine,
    root,
    context,
    parent,
    parentKey,
    depth,
    workspace,
    createdAt,
  };
  const zeros = {
    headSeq: 0,
    turn: 0,
    turnSeq: 0,
    epoch: 0,
    epochTurn: 0,
    epochSeq: 0,
    messages: 0,
    taken: 0,
    children: 0,
    activeMs: 0,
  };
  const nothing = { cancelSeq: null, endedSeq: null, activeSince: null, pending: [], erased: false };
  return {
    ...named,
    ...zeros,
    ...nothing,
    limits,
    state: "submitted",
    usage: { inputTokens: 0, outputTokens: 0 },
    updatedAt: createdAt,
  };
}

/** Seqs 1, 2, 3 …, times that never go back, and a head that is what the entries say. */
async function expectWhole(expect: Stage["expect"], world: World, row: TaskRow): Promise<void> {
  const log = await world.log(row);
  const head = await world.rowOf(row);
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  expect(log.map(({ at }) => at)).toEqual(log.map(({ at }) => at).toSorted((one, other) => one - other));
  const [created] = log;
  if (created?.kind !== "created") throw new Error("a log begins with what created it");
  expect(head).toMatchObject({ ...log.reduce(project, emptyHeadOf(head, created.body.limits)) });
}

describe("W1", () => {
  invariant(
    "every commit of a task, however many at once, takes the next seqs, and the head is the projection of the log",
    { "seqs are skipped": { rule: skipping }, "state is written elsewhere": { rule: scribbling } },
    async ({ open, expect }) => {
      const act = watched();
      const world = open({ script: acting(8), tools: [act.tool] });
      const row = await world.begin();
      const calls = await world.calls(row, 1);
      const said = Array.from({ length: 8 }, (_, n) =>
        world.say(row, { kind: "message", id: `m${n}`, message: userMessage("More.") }),
      );
      await Promise.all([...calls.map((call) => world.tool(row, call)), ...said]);
      await world.model(row, 2);
      await expectWhole(expect, world, row);
      await world.steps.finish(world, world.attempt(row), 2, { kind: "completed" });
      await expectWhole(expect, world, row);
      expect((await world.rowOf(row)).state).toBe("completed");
    },
  );

  invariant(
    "what a process writes after its task was taken from it is refused",
    { "fences are not compared": { rule: without("lost") } },
    async ({ open, expect }) => {
      const held = gate();
      const act = watched(() => held.opened.then(() => "too late"));
      const world = open({ script: acting(1), tools: [act.tool] });
      const row = await world.begin();
      const mine = await world.store.executions.acquire(row, "first process");
      const [call] = await world.calls(row, 1);
      if (call === undefined) throw new Error("no call");
      const running = world.tool(row, call, { fence: mine?.fence ?? -1 });
      await world.store.executions.evict(
        row,
        "first process",
        entry("recovery", { steps: [call.key] }),
        world.now(),
      );
      held.open();
      expect(await running).toEqual({ kind: "stopped", why: "lost" });
      expect(await world.outcome(row, call.key)).toBe("none");
    },
  );
});

describe("W2", () => {
  invariant(
    "the terminal entry gives every open key an outcome and withdraws what is asked",
    {
      "open keys are left open": { store: forgetting("result") },
      "requests are left open": {
        store: changing((commit) => ({
          ...commit,
          entries: commit.entries.filter((one) => one.kind !== "input" || one.body.outcome !== "withdrawn"),
        })),
      },
      "claims are forgotten": { store: forgetting("claim") },
    },
    async ({ open, expect }) => {
      const held = gate();
      const once = watched(() => held.opened.then(() => "paid"), { name: "pay", effects: "once" });
      const act = watched();
      const ask = watched(() => "", { name: "write", needsApproval: true });
      const world = open({
        script: asking({ name: "pay" }, { name: "act" }, { name: "write" }),
        tools: [once.tool, act.tool, ask.tool],
      });
      const row = await world.begin();
      const [pay] = await world.calls(row, 1);
      if (pay === undefined) throw new Error("no call");
      const paying = world.tool(row, pay);
      while (once.runs.length === 0) await world.sleep(1);
      await world.say(row, { kind: "cancel", id: "stop" });
      await world.steps.finish(world, world.attempt(row), 1, { kind: "canceled" });
      const outcomes = await Promise.all(
        ["1/tool/0", "1/tool/1", "1/tool/2"].map((key) => world.outcome(row, key)),
      );
      expect(outcomes).toEqual(["unknown", "canceled", "canceled"]);
      expect((await world.of(row, "input")).map(({ body }) => [body.id, body.outcome])).toEqual([
        ["1/tool/2", "withdrawn"],
      ]);
      held.open();
      await paying;
    },
  );

  invariant(
    "the first terminal entry wins and nothing follows it",
    { "ends are not final": { rule: without("ended", "moved") } },
    async ({ open, expect }) => {
      const world = open({ script: answering });
      const row = await world.begin();
      await world.model(row, 1);
      const finish = (code: string): Promise<unknown> =>
        world.steps.finish(world, world.attempt(row), 1, { kind: "failed", code });
      await Promise.all([finish("INTERNAL"), finish("MODEL_FAILED"), finish("LIMIT_REACHED")]);
      await world
        .say(row, { kind: "message", id: "late", message: userMessage("Wait!") })
        .catch(() => undefined);
      expect(await world.of(row, "ended")).toHaveLength(1);
      expect((await world.log(row)).at(-1)?.kind).toBe("ended");
    },
  );

  invariant(
    "a finish that sees an accepted cancel writes canceled, whatever it wanted",
    { "cancels are not seen": { store: showing((row) => ({ ...row, cancelSeq: null })) } },
    async ({ open, expect }) => {
      const world = open({ script: answering });
      const row = await world.begin();
      await world.model(row, 1);
      await world.say(row, { kind: "cancel", id: "stop" });
      await world.steps.finish(world, world.attempt(row), 1, { kind: "completed" });
      expect((await world.of(row, "ended"))[0]?.body.state).toBe("canceled");
    },
  );

  invariant(
    "what a once tool returned after the end is kept aside, with no seq and no effect on the state",
    {
      "it is dropped": { rule: (commit, facts) => ({ ...decide(commit, facts), late: [] }) },
      "it is appended": { rule: without("ended", "found") },
    },
    async ({ open, expect }) => {
      const held = gate();
      const pay = watched(() => held.opened.then(() => "receipt 4711"), { effects: "once" });
      const world = open({ script: acting(1), tools: [pay.tool] });
      const row = await world.begin();
      const [call] = await world.calls(row, 1);
      if (call === undefined) throw new Error("no call");
      const paying = world.tool(row, call);
      while (pay.runs.length === 0) await world.sleep(1);
      await world.steps.finish(world, world.attempt(row), 1, { kind: "failed", code: "ENGINE_CLOSED" });
      const before = await world.rowOf(row);
      held.open();
      await paying;
      expect(
        (await world.store.late(row)).map(({ key, entry: late }) => [
          key,
          JSON.stringify(late).includes("receipt 4711"),
        ]),
      ).toEqual([[call.key, true]]);
      expect(await world.rowOf(row)).toEqual(before);
    },
  );

  invariant(
    "a finish ends the task though a key settles under its hands",
    {
      "a settled key stops it": {
        steps: {
          finish: async (world, attempt) =>
            (await world.store.row(attempt)) === undefined
              ? { kind: "stopped", why: "missing" }
              : { kind: "stopped", why: "stale" },
        },
      },
    },
    async ({ open, expect }) => {
      const act = watched();
      const world = open({ script: acting(2), tools: [act.tool] });
      const row = await world.begin();
      const calls = await world.calls(row, 1);
      await world.say(row, { kind: "cancel", id: "stop" });
      // The calls settle between the moment that finish has read the log and the moment that it writes.
      const settle = async (index: number): Promise<void> => {
        const body = { name: "act", status: "result" as const, parts: [] };
        const { tenant, task } = row;
        await world.store.commit({
          tenant,
          task,
          entries: [entry("result", body, calls[index]?.key)],
          at: world.now(),
        });
      };
      const racing = { ...world.store };
      let left = 2;
      const store = {
        ...racing,
        async turn(reference: TaskRow) {
          const read = await racing.turn(reference);
          if (left > 0) await settle(--left);
          return read;
        },
      };
      const finished = await world.steps.finish({ ...world, store }, world.attempt(row), 1, {
        kind: "canceled",
      });
      expect(finished).toEqual({ kind: "done", value: "finished" });
      expect(isTerminal((await world.rowOf(row)).state)).toBe(true);
      expect((await world.of(row, "result")).map(({ key }) => key)).toHaveLength(2);
    },
  );
});

describe("W3", () => {
  invariant(
    "the model sees results in call order, whatever the order in which they came",
    {
      "results stand in the order of their seqs": {
        transcripts: (sound) => ({
          ...sound,
          async load(row) {
            const transcript = await sound.load(row);
            const bySeq = transcript.items.map((item) =>
              item.role === "user"
                ? item
                : { ...item, results: item.results.toSorted((one, other) => one.seq - other.seq) },
            );
            return { ...transcript, items: bySeq };
          },
        }),
      },
    },
    async ({ open, expect }) => {
      const act = watched((parameters) => JSON.stringify(parameters));
      const world = open({ script: acting(5), tools: [act.tool] });
      const row = await world.begin();
      const calls = await world.calls(row, 1);
      for (const call of calls.toReversed()) await world.tool(row, call);
      const { items } = await world.transcripts.load(await world.rowOf(row));
      const results = items.flatMap((item) => (item.role === "assistant" ? item.results : []));
      expect(results.map(({ key }) => key)).toEqual(calls.map(({ key }) => key));
      expect(results.map(({ seq }) => seq)).not.toEqual(
        results.map(({ seq }) => seq).toSorted((one, other) => one - other),
      );
    },
  );

  invariant(
    "messages stand where a reply took them, in the order of its list",
    {
      "replies take nothing": {
        store: reading((one) => (one.kind === "reply" ? { ...one, body: { ...one.body, took: [] } } : one)),
      },
    },
    async ({ open, expect }) => {
      const world = open({ script: ({ said }) => ({ text: said.join(" ") }) });
      const row = await world.begin("a");
      await world.model(row, 1);
      for (const id of ["b", "c"]) await world.say(row, { kind: "message", id, message: userMessage(id) });
      await world.model(row, 2);
      await world.say(row, { kind: "message", id: "d", message: userMessage("d") });
      const { items, untaken } = await world.transcripts.load(await world.rowOf(row));
      const texts = items.map((item) =>
        (item.role === "user" ? item.message.parts : item.parts)
          .map((part) => (part.type === "text" ? part.text : ""))
          .join(""),
      );
      expect(texts).toEqual(["a", "a", "b", "c", "a b c"]);
      expect(untaken.map(({ body }) => body.id)).toEqual(["d"]);
    },
  );
});

describe("W4", () => {
  invariant(
    "a follower sees every entry once and in order though announcements are lost, doubled and out of order",
    {
      "it believes announcements": {
        steps: {
          async *follow(watch, { tenant, task }) {
            const heard: TaskEvent[] = [];
            watch.add(task, { tenant, hear: (event) => void heard.push(event), grown: () => undefined });
            for (let waited = 0; waited < 100; waited++) {
              await new Promise((resolve) => setTimeout(resolve, 5));
              yield* heard.splice(0);
            }
          },
        },
      },
    },
    async ({ open, expect }) => {
      const world = open({ script: acting(3), tools: [watched().tool] });
      const row = await world.begin();
      const heard: ((event: (typeof world.events)[number]) => void)[] = [];
      const bus = {
        publish: () => undefined,
        subscribe: (listener: (typeof heard)[number]) => (heard.push(listener), () => undefined),
        live: () => [],
      };
      const seen: number[] = [];
      const following = (async () => {
        for await (const event of world.steps.follow(createWatch(world.store, bus, { compareMs: 10 }), row))
          if (event.type === "entry") seen.push(event.entry.seq);
      })();
      for (const call of await world.calls(row, 1)) await world.tool(row, call);
      // Every third announcement arrives, twice, and late.
      const some = world.events.filter((_, index) => index % 3 === 0).toReversed();
      for (const event of [...some, ...some]) for (const listener of heard) listener(event);
      await world.model(row, 2);
      await world.steps.finish(world, world.attempt(row), 2, { kind: "completed" });
      await following;
      expect(seen).toEqual((await world.log(row)).map(({ seq }) => seq));
    },
  );
});
