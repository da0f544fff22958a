/** Limits: of turns, tokens, cost and wall time; and a person who may allow as much again. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { answer, calls, replies, report } from "../kit.ts";
import type { Theme } from "../scenario.ts";

/** A call of `dear` costs 1.50 dollars. */
const price = { input: 100_000, output: 250_000 };
const dear = { input: 10, output: 2 };

const asked = (message: string): readonly [string, { message: string }] => ["helper", { message }];
const question: readonly [string, { question: string }] = ["ask_human", { question: "Who?" }];

export const limits: Theme = {
  name: "limits",
  scenarios: [
    {
      name: "fails at its limit of turns",
      cast: (kit) => ({ limits: { turns: 2 }, tools: [kit.tool("step")], script: replies(calls("step")) }),
      async play(stage) {
        await stage.submit();
        await stage.ends("failed", "LIMIT_REACHED");
        assert.deepEqual(stage.ledger.counts, { step: 2 });
      },
    },
    {
      name: "asks at its limit of turns and goes on for as many again",
      cast: (kit) => ({
        limits: { turns: 2, atLimit: "ask" },
        tools: [kit.tool("step")],
        script: replies(calls("step")),
      }),
      async play(stage) {
        await stage.submit();
        const { pending } = await stage.asks(["3/limit/0"]);
        assert.equal(pending[0]?.limit, "turns");
        assert.deepEqual(stage.ledger.counts, { step: 2 });
        await stage.approve("3/limit/0");
        await stage.asks(["6/limit/0"]);
        assert.deepEqual(stage.ledger.counts, { step: 4 });
        await stage.answer("6/limit/0", { decision: "reject" });
        await stage.ends("failed", "LIMIT_REACHED");
      },
    },
    {
      name: "goes on after a limit of one turn",
      cast: (kit) => ({
        limits: { turns: 1, atLimit: "ask" },
        tools: [kit.tool("step")],
        script: replies(calls("step"), answer("done")),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["2/limit/0"]);
        await stage.approve("2/limit/0");
        await stage.ends("completed", "done");
      },
    },
    {
      name: "fails when a person refuses to extend its limit",
      cast: (kit) => ({
        limits: { turns: 1, atLimit: "ask" },
        tools: [kit.tool("step")],
        script: replies(calls("step")),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["2/limit/0"]);
        await stage.answer("2/limit/0", { decision: "reject" });
        await stage.ends("failed", "LIMIT_REACHED");
      },
    },
    {
      name: "fails at its limit of tokens",
      cast: (kit) => ({
        limits: { tokens: 20 },
        tools: [kit.tool("step")],
        script: replies({ ...calls("step"), usage: { input: 10, output: 2 } }),
      }),
      async play(stage) {
        await stage.submit();
        const { body } = await stage.ends("failed", "LIMIT_REACHED");
        assert.match(body.error?.message ?? "", /tokens/);
        assert.deepEqual(stage.ledger.counts, { step: 2 });
      },
    },
    {
      name: "asks at its limit of tokens and goes on when it is extended",
      cast: (kit) => ({
        limits: { tokens: 20, atLimit: "ask" },
        tools: [kit.tool("step")],
        script: ({ turn }) =>
          turn < 3 ? { ...calls("step"), usage: { input: 10, output: 2 } } : answer("done"),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["3/limit/0"]);
        await stage.approve("3/limit/0");
        await stage.ends("completed", "done");
      },
    },
    {
      name: "asks at its limit of wall time, which does not run while it waits for a person",
      cast: (kit) => ({
        // Long enough for a slow engine to begin in.
        limits: { wallTimeMs: 3_000, atLimit: "ask" },
        tools: [
          kit.tool("rest", {}, async () => {
            await delay(3_010);
            return "rested";
          }),
        ],
        script: replies(calls("rest"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["2/limit/0"]);
        await delay(3_020);
        await stage.approve("2/limit/0");
        await stage.ends("completed", "rest (text): rested");
      },
    },
    {
      name: "fails at its limit of cost",
      cast: (kit) => ({
        limits: { costUsd: 3 },
        price,
        tools: [kit.tool("step")],
        script: replies({ ...calls("step"), usage: dear }),
      }),
      async play(stage) {
        await stage.submit();
        const { body } = await stage.ends("failed", "LIMIT_REACHED");
        assert.match(body.error?.message ?? "", /cost/);
        assert.deepEqual(stage.ledger.counts, { step: 2 });
        assert.equal((await stage.row()).usage.costUsd, 3);
      },
    },
    {
      name: "asks at its limit of cost and goes on when it is extended",
      cast: (kit) => ({
        limits: { costUsd: 3, atLimit: "ask" },
        price,
        tools: [kit.tool("step")],
        script: ({ turn }) => (turn < 4 ? { ...calls("step"), usage: dear } : answer("done")),
      }),
      async play(stage) {
        await stage.submit();
        const { pending } = await stage.asks(["3/limit/0"]);
        assert.equal(pending[0]?.limit, "cost");
        assert.match(pending[0]?.prompt ?? "", /3 US dollars/);
        await stage.approve("3/limit/0");
        await stage.ends("completed", "done");
      },
    },
    {
      name: "counts failed attempts towards its limit of cost",
      cast: () => ({
        limits: { costUsd: 1.5 },
        price,
        script: () => ({ finish: "error", usage: dear }),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("failed", "LIMIT_REACHED");
        assert.equal(stage.ledger.modelCalls.get("main"), 1);
      },
    },
    {
      name: "calls no model whose price is unknown when it has a limit of cost",
      cast: () => ({ limits: { costUsd: 3 }, script: replies(answer("done")) }),
      async play(stage) {
        await stage.submit();
        await stage.ends("failed", "PRICE_UNKNOWN");
        assert.equal(stage.ledger.modelCalls.get("main"), undefined);
      },
    },
    {
      name: "gives sub-agents that run side by side equal shares of what is left of its cost",
      cast: (kit) => ({
        limits: { costUsd: 7.5 },
        price,
        agents: {
          helper: { price, tools: [kit.tool("step")], script: replies({ ...calls("step"), usage: dear }) },
        },
        script: replies({ ...calls(asked("a"), asked("b")), usage: dear }),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("failed", "LIMIT_REACHED");
        for (const index of [0, 1]) {
          const { limits: share, usage } = await stage.row(stage.child(1, index));
          assert.deepEqual([share.costUsd, usage.costUsd], [3, 3]);
        }
        assert.equal((await stage.row()).usage.costUsd, 7.5);
      },
    },
    {
      name: "opens no sub-agent when nothing is left of its cost",
      cast: () => ({
        limits: { costUsd: 1.5, atLimit: "ask" },
        price,
        agents: { helper: { price, script: replies(answer("never")) } },
        script: replies({ ...calls(asked("a")), usage: dear }, report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["2/limit/0"]);
        await stage.approve("2/limit/0");
        await stage.ends(
          "completed",
          "helper (error-text): this task has nothing left of its limit of cost for a sub-agent",
        );
        assert.equal(stage.ledger.modelCalls.get("helper"), undefined);
      },
    },
    {
      name: "gives back the turn that a limit's request takes",
      cast: (kit) => ({
        limits: { turns: 3, tokens: 20, atLimit: "ask" },
        tools: [kit.tool("step")],
        script: ({ turn }) =>
          turn < 3 ? { ...calls("step"), usage: { input: 10, output: 2 } } : answer("done"),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["3/limit/0"]);
        await stage.approve("3/limit/0");
        await stage.ends("completed", "done");
      },
    },
    {
      name: "leaves out of its wall time what a sub-agent waits for a person",
      cast: (kit) => ({
        // Long enough for a slow engine to begin and end in.
        limits: { wallTimeMs: 5_000 },
        agents: { helper: { tools: [kit.question()], script: replies(calls(question), report) } },
        script: replies(calls(asked("ask them")), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"], stage.child());
        await delay(5_020);
        await stage.answer("1/tool/0", { decision: "answer", value: "Anna" }, { task: stage.child() });
        await stage.ends("completed", "helper (text): ask_human (text): Anna");
      },
    },
    {
      name: "refuses a message that waits when its limit of turns is reached",
      cast: (kit) => ({
        limits: { turns: 1 },
        script: async () => {
          await kit.wait("replying");
          return answer("done");
        },
      }),
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("replying");
        await stage.say("one more thing", "m1");
        stage.gates.open("replying");
        await stage.ends("completed", "done");
        assert.deepEqual(
          (await stage.entries("refusal")).map(({ body }) => body.message),
          ["m1"],
        );
      },
    },
    {
      name: "takes limits from the order",
      cast: (kit) => ({ tools: [kit.tool("step")], script: replies(calls("step")) }),
      async play(stage) {
        await stage.submit("go", { limits: { turns: 3 } });
        await stage.ends("failed", "LIMIT_REACHED");
        assert.deepEqual(stage.ledger.counts, { step: 3 });
      },
    },
  ],
};
