import { ToolNotStarted } from "omniforge";
import { entry, type Call, type Entry } from "omniforge/protocol";
import { done, type StepResult } from "omniforge/steps";
import { describe } from "vitest";
import { forgetting, reading, showing, without } from "./flaws.ts";
import { invariant } from "./invariant.ts";
import { acting, asking, tireless } from "./scripts.ts";
import { gate, watched } from "./tools.ts";
import type { Flaw, World } from "./world.ts";

/** A tool step that looks into no log: it runs the tool, and writes what came of it. */
const heedless: Flaw = {
  steps: {
    async callTool(world, attempt, call): Promise<StepResult<Call | "done">> {
      const tool = world.tools.get(call.name);
      const context = {
        tenant: "",
        task: "",
        idempotencyKey: "",
        workspace: "",
        answers: [],
        signal: attempt.signal,
      };
      await tool?.execute({}, { ...context, progress: () => undefined });
      const body = { name: call.name, status: "result" as const, parts: [] };
      const { tenant, task } = attempt;
      await world.store.commit({ tenant, task, entries: [entry("result", body, call.key)], at: world.now() });
      return done("done");
    },
  },
};

async function firstCall(world: World, row: { tenant: string; task: string }): Promise<Call> {
  const [call] = await world.calls(row, 1);
  if (call === undefined) throw new Error("turn 1 made no call");
  return call;
}

/** Runs a tool step that never comes back, as one whose process died: its writes are refused. */
async function dieDuring(
  world: World,
  row: { tenant: string; task: string },
  call: Call,
  runs: unknown[],
): Promise<void> {
  void world.tool(row, call).catch(() => undefined);
  for (let waited = 0; runs.length === 0 && waited < 500; waited++) await world.sleep(1);
}

describe("K1", () => {
  invariant(
    "a step of an earlier turn is not performed",
    { "steps look into no log": heedless },
    async ({ open, expect }) => {
      const act = watched();
      const world = open({ script: tireless, tools: [act.tool] });
      const row = await world.begin();
      const call = await firstCall(world, row);
      await world.tool(row, call);
      await world.model(row, 2);
      expect(await world.tool(row, call)).toEqual({ kind: "done", value: "done" });
      expect(act.runs).toHaveLength(1);
    },
  );

  invariant(
    "a step of an earlier turn that nobody recorded is not inserted afterwards",
    { "turns are not compared": { rule: without("stale") } },
    async ({ open, expect }) => {
      const held = gate();
      const act = watched(() => held.opened.then(() => "late"));
      const world = open({ script: tireless, tools: [act.tool] });
      const row = await world.begin();
      const zombie = world.tool(row, await firstCall(world, row));
      await world.model(row, 2);
      held.open();
      expect(await zombie).toEqual({ kind: "stopped", why: "stale" });
      expect(await world.outcome(row, "1/tool/0")).toBe("none");
    },
  );

  invariant(
    "a key has one outcome, however many attempts there are",
    { "keys are not compared": { rule: without("found") } },
    async ({ open, expect }) => {
      const held = gate();
      const act = watched(() => held.opened.then(() => "done"));
      const world = open({ script: acting(1), tools: [act.tool] });
      const row = await world.begin();
      const call = await firstCall(world, row);
      const attempts = Promise.all([1, 2, 3].map(() => world.tool(row, call)));
      while (act.runs.length < 3) await world.sleep(1);
      held.open();
      for (const one of await attempts) expect(one).toEqual({ kind: "done", value: "done" });
      expect(await world.of(row, "result")).toHaveLength(1);
    },
  );

  invariant(
    "a step that has its outcome is not performed again",
    { "steps look into no log": heedless },
    async ({ open, expect }) => {
      const act = watched();
      const world = open({ script: acting(1), tools: [act.tool] });
      const row = await world.begin();
      const call = await firstCall(world, row);
      for (let attempt = 0; attempt < 3; attempt++) await world.tool(row, call);
      expect(act.runs).toHaveLength(1);
    },
  );

  invariant(
    "only a model step opens a turn, and only the next one",
    { "turns are not compared": { rule: without("found", "stale") } },
    async ({ open, expect }) => {
      const world = open({ script: tireless, tools: [watched().tool] });
      const row = await world.begin();
      await Promise.all(
        [world.model(row, 1), world.model(row, 1), world.model(row, 1)].map((one) =>
          one.catch(() => undefined),
        ),
      );
      await world.model(row, 2);
      await world.model(row, 1);
      expect((await world.of(row, "reply")).map(({ body }) => body.turn)).toEqual([1, 2]);
      expect((await world.rowOf(row)).turn).toBe(2);
    },
  );
});

describe("K2", () => {
  invariant(
    "a losing attempt inserts none of its entries, and announces what it found",
    { "keys are not compared": { rule: without("found", "stale") } },
    async ({ open, expect }) => {
      let attempt = 0;
      const ask = watched(() => "", { needsApproval: true });
      // Each attempt asks for other calls: an approval of the loser must not be asked for.
      const world = open({
        script: () => ({ calls: Array.from({ length: ++attempt }, () => ({ name: "act" })) }),
        tools: [ask.tool],
      });
      const row = await world.begin();
      const [one, other] = await Promise.all([world.calls(row, 1), world.calls(row, 1)]);
      expect(one).toEqual(other);
      expect(await world.of(row, "request")).toHaveLength(one.length);
      const announced = world.events.filter(
        (event) => event.type === "entry" && event.entry.kind === "reply",
      );
      expect(announced).toHaveLength(2);
      expect(announced[0]).toEqual(announced[1]);
    },
  );
});

describe("K3", () => {
  invariant(
    "a once tool runs only after its claim is in the log",
    { "claims are forgotten": { store: forgetting("claim") } },
    async ({ open, expect }) => {
      const seen: (readonly Entry[])[] = [];
      const look = async (): Promise<string> => {
        seen.push(await world.of(row, "claim"));
        return "paid";
      };
      const world = open({ script: acting(1), tools: [watched(look, { effects: "once" }).tool] });
      const row = await world.begin();
      await world.tool(row, await firstCall(world, row));
      expect(seen.map((claims) => claims.length)).toEqual([1]);
    },
  );

  invariant(
    "a once tool that was started and not recorded is never run again: its outcome is unknown",
    { "claims are forgotten": { store: forgetting("claim") }, "steps look into no log": heedless },
    async ({ open, expect }) => {
      const never = gate();
      const pay = watched(() => never.opened.then(() => "paid"), { effects: "once" });
      const world = open({ script: acting(1), tools: [pay.tool] });
      const row = await world.begin();
      const call = await firstCall(world, row);
      await dieDuring(world, row, call, pay.runs);
      void world.tool(row, call);
      for (let waited = 0; waited < 100 && (await world.outcome(row, call.key)) === "none"; waited++)
        await world.sleep(2);
      expect([pay.runs.length, await world.outcome(row, call.key)]).toEqual([1, "unknown"]);
      never.open();
    },
  );

  invariant(
    "a person is asked about an unknown outcome where the tool wants it",
    { "claims are forgotten": { store: forgetting("claim") } },
    async ({ open, expect }) => {
      const never = gate();
      const pay = watched(() => never.opened.then(() => "paid"), { effects: "once", unknown: "person" });
      const world = open({ script: acting(1), tools: [pay.tool] });
      const row = await world.begin();
      const call = await firstCall(world, row);
      await dieDuring(world, row, call, pay.runs);
      void world.tool(row, call);
      for (let waited = 0; waited < 100 && (await world.of(row, "request")).length === 0; waited++)
        await world.sleep(2);
      const [request] = await world.of(row, "request");
      expect(request?.body.kind).toBe("question");
      await world.say(row, {
        kind: "answer",
        request: request?.body.id ?? "",
        answer: { decision: "answer", value: "it was paid" },
      });
      await world.settle(row, [{ ...call, waits: "question" }]);
      expect(await world.outcome(row, call.key)).toBe("unknown: it was paid");
      never.open();
    },
  );

  invariant(
    "a failure that a once tool reports is its outcome, and is not tried again",
    { "results are forgotten": { store: forgetting("result") } },
    async ({ open, expect }) => {
      const fail = (): never => {
        throw new Error("declined");
      };
      const retry = { maximumAttempts: 5, initialIntervalMs: 1 };
      const pay = watched(fail, { effects: "once", retry });
      const world = open({ script: acting(1), tools: [pay.tool] });
      const row = await world.begin();
      const call = await firstCall(world, row);
      await world.tool(row, call);
      expect([pay.runs.length, await world.outcome(row, call.key)]).toEqual([1, "error"]);
    },
  );

  invariant(
    "a once tool that did not start gives its claim back and may run again",
    { "releases are forgotten": { store: forgetting("release") } },
    async ({ open, expect }) => {
      let closed = true;
      const pay = watched(
        () => {
          if (closed) throw new ToolNotStarted("the bank is closed");
          return "paid";
        },
        { effects: "once", retry: { maximumAttempts: 3, initialIntervalMs: 1 } },
      );
      const world = open({ script: acting(1), tools: [pay.tool] });
      const row = await world.begin();
      const call = await firstCall(world, row);
      expect((await world.tool(row, call)).kind).toBe("retry");
      closed = false;
      world.wait(1_000);
      await world.tool(row, call);
      expect(await world.outcome(row, call.key)).toBe("result: paid");
      expect((await world.of(row, "claim")).map(({ key }) => key)).toEqual(["1/claim/0", "1/claim/0.1"]);
    },
  );

  invariant(
    "a once tool that is cut off is unknown and never canceled; another is canceled",
    {
      "claims are forgotten": { store: forgetting("claim") },
      "results are forgotten": { store: forgetting("result") },
    },
    async ({ open, expect }) => {
      const never = gate();
      const pay = watched(() => never.opened.then(() => ""), { name: "pay", effects: "once" });
      const act = watched(() => never.opened.then(() => ""));
      const world = open({
        script: asking({ name: "pay" }, { name: "act" }),
        tools: [pay.tool, act.tool],
        cancelGraceMs: 5,
      });
      const row = await world.begin();
      const abort = new AbortController();
      const calls = await world.calls(row, 1);
      const running = calls.map((call) => world.tool(row, call, { signal: abort.signal }));
      while (pay.runs.length + act.runs.length < 2) await world.sleep(1);
      await world.say(row, { kind: "cancel", id: "stop" });
      abort.abort();
      expect((await Promise.all(running)).map(({ kind }) => kind)).toEqual(["canceled", "canceled"]);
      await world.steps.finish(world, world.attempt(row), 1, { kind: "canceled" });
      expect([await world.outcome(row, "1/tool/0"), await world.outcome(row, "1/tool/1")]).toEqual([
        "unknown",
        "canceled",
      ]);
      expect(await world.of(row, "claim")).toHaveLength(1);
      never.open();
    },
  );
});

describe("K7", () => {
  const hidden: Flaw = { store: showing((row) => ({ ...row, cancelSeq: null })) };

  invariant(
    "steps look for a cancel before they perform",
    { "cancels are not seen": hidden },
    async ({ open, expect }) => {
      let asked = 0;
      const act = watched();
      const world = open({ script: () => ((asked += 1), { calls: [{ name: "act" }] }), tools: [act.tool] });
      const row = await world.begin();
      const call = await firstCall(world, row);
      await world.say(row, { kind: "cancel", id: "stop" });
      const kinds = [
        await world.tool(row, call),
        await world.settle(row, [call]),
        await world.steps.callModel(world, world.attempt(row), 2),
        await world.steps.compact(world, world.attempt(row), 1),
      ].map(({ kind }) => kind);
      expect(kinds).toEqual(["canceled", "canceled", "canceled", "canceled"]);
      expect([asked, act.runs.length]).toEqual([1, 0]);
    },
  );

  invariant(
    "a cancelled tool that comes back within its grace time counts",
    { "there is no grace": { cancelGraceMs: 0 } },
    async ({ open, expect }) => {
      const act = watched(async (_parameters, { signal }) => {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        await new Promise((resolve) => setTimeout(resolve, 20));
        return "saved half";
      });
      const world = open({ script: acting(1), tools: [act.tool], cancelGraceMs: 2_000 });
      const row = await world.begin();
      const abort = new AbortController();
      const call = await firstCall(world, row);
      const running = world.tool(row, call, { signal: abort.signal });
      while (act.runs.length === 0) await world.sleep(1);
      await world.say(row, { kind: "cancel", id: "stop" });
      abort.abort();
      await running;
      expect(await world.outcome(row, call.key)).toBe("result: saved half");
    },
  );

  invariant(
    "a cancel waits no longer than the grace time for a tool that ignores it",
    { "grace is long": { cancelGraceMs: 2_000 } },
    async ({ open, expect }) => {
      const never = gate();
      const act = watched(() => never.opened.then(() => ""));
      const world = open({ script: acting(1), tools: [act.tool], cancelGraceMs: 20 });
      const row = await world.begin();
      const abort = new AbortController();
      const call = await firstCall(world, row);
      const running = world.tool(row, call, { signal: abort.signal });
      while (act.runs.length === 0) await world.sleep(1);
      await world.say(row, { kind: "cancel", id: "stop" });
      const began = performance.now();
      abort.abort();
      expect((await running).kind).toBe("canceled");
      expect(performance.now() - began).toBeLessThan(1_000);
      never.open();
    },
  );
});

describe("a transcript", () => {
  invariant(
    "matches results to calls by index, though a provider repeats its ids",
    {
      "keys are read wrong": {
        store: reading((one) => (one.kind === "result" ? { ...one, key: "1/tool/0" } : one)),
      },
    },
    async ({ open, expect }) => {
      const act = watched((parameters) => JSON.stringify(parameters));
      const world = open({ script: acting(2), tools: [act.tool] });
      const row = await world.begin();
      for (const call of await world.calls(row, 1)) await world.tool(row, call);
      const { items } = await world.transcripts.load(await world.rowOf(row));
      const results = items.flatMap((item) => (item.role === "assistant" ? item.results : []));
      expect(results.map(({ key }) => key)).toEqual(["1/tool/0", "1/tool/1"]);
    },
  );
});
