/** Limits: of turns, tokens and wall time; and a person who may allow as much again. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { answer, calls, replies, report } from "../kit.ts";
import type { Theme } from "../scenario.ts";

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
