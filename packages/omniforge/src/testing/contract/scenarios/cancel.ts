/** Cancelling: it reaches whatever runs or waits, and says unknown where it can't say what happened. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { answer, calls, replies, report } from "../kit.ts";
import type { Theme } from "../scenario.ts";

export const cancel: Theme = {
  name: "cancel",
  scenarios: [
    {
      name: "cancels a task that waits for a person and withdraws what it asked",
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once", needsApproval: true }), kit.question()],
        script: replies(calls("pay", ["ask_human", { question: "Sure?" }])),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0", "1/tool/1"]);
        await stage.cancel();
        await stage.ends("canceled");
        assert.deepEqual(
          (await stage.entries("input")).map(({ body }) => body.outcome),
          ["withdrawn", "withdrawn"],
        );
        assert.deepEqual(stage.ledger.counts, {});
      },
    },
    {
      name: "stops a running tool by its signal",
      cast: (kit) => ({
        tools: [
          kit.tool("dig", { effects: "idempotent" }, async ({ context: { signal } }) => {
            await kit.wait("digging", signal);
            return "dug";
          }),
        ],
        script: replies(calls("dig")),
      }),
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("digging");
        await stage.cancel();
        await stage.ends("canceled");
        assert.deepEqual(
          (await stage.entries("result")).map(({ body }) => body.status),
          ["canceled"],
        );
      },
    },
    {
      name: "says unknown of a once tool that a cancel left behind",
      cast: (kit) => ({
        tools: [
          kit.tool("pay", { effects: "once" }, async () => {
            await kit.wait("paying");
            return "paid";
          }),
        ],
        script: replies(calls("pay")),
      }),
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("paying");
        await stage.cancel();
        await stage.ends("canceled");
        assert.deepEqual(
          (await stage.entries("result")).map(({ body }) => body.status),
          ["unknown"],
        );
        stage.gates.open("paying");
      },
    },
    {
      name: "counts what a once tool returns in its grace time after a cancel",
      cast: (kit) => ({
        tools: [
          kit.tool("pay", { effects: "once" }, async ({ context: { signal } }) => {
            await kit.wait("paying", signal).catch(() => undefined);
            await delay(20);
            return "paid all the same";
          }),
        ],
        script: replies(calls("pay")),
      }),
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("paying");
        await stage.cancel();
        await stage.ends("canceled");
        assert.deepEqual(
          (await stage.entries("result")).map(({ body }) => body.status),
          ["result"],
        );
      },
    },
    {
      name: "stops a call of the model",
      cast: (kit) => ({
        script: async ({ signal }) => {
          await kit.wait("thinking", signal);
          return answer("thought");
        },
      }),
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("thinking");
        await stage.cancel();
        await stage.ends("canceled");
        assert.equal((await stage.entries("reply")).length, 0);
      },
    },
    {
      name: "cancels a task whose last reply was recorded before it could finish",
      cast: () => ({ script: replies(answer("done")) }),
      async play(stage) {
        const { process } = stage;
        const held = process.pauses("before", ({ kind }) => kind === "ended");
        await stage.submit();
        await held;
        await stage.cancel();
        await process.continue();
        await stage.ends("canceled");
        assert.deepEqual(
          (await stage.entries("reply")).map(({ body }) => body.outcome),
          ["answer"],
        );
      },
    },
    {
      name: "refuses to cancel what has ended",
      cast: () => ({ script: replies(answer("done")) }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "done");
        await stage.refuses("TASK_ENDED", stage.cancel());
      },
    },
    {
      name: "takes the same cancel twice as one",
      cast: (kit) => ({
        tools: [kit.question()],
        script: replies(calls(["ask_human", { question: "Sure?" }])),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        assert.equal((await stage.cancel({ wake: false })).repeated, false);
        assert.equal((await stage.cancel()).repeated, true);
        await stage.ends("canceled");
        assert.equal((await stage.cancel()).repeated, true);
        assert.equal((await stage.entries("cancel")).length, 1);
      },
    },
    {
      name: "cancels a task before it has started",
      asleep: true,
      cast: () => ({ script: replies(answer("done")) }),
      async play(stage) {
        await stage.create();
        await stage.cancel();
        await stage.start();
        await stage.ends("canceled");
        assert.deepEqual([...stage.ledger.modelCalls], []);
      },
    },
    {
      name: "cancels a task that waits to try again",
      cast: () => ({
        modelRetry: { initialIntervalMs: 600_000, maximumIntervalMs: 600_000 },
        script: replies({ fail: { status: 503 } }),
      }),
      async play(stage) {
        await stage.submit();
        await stage.logs("attempt");
        await stage.cancel();
        await stage.ends("canceled");
      },
    },
    {
      name: "settles a cancel that nobody told the engine of",
      cast: (kit) => ({
        tools: [kit.question()],
        script: replies(calls(["ask_human", { question: "Sure?" }])),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.cancel({ wake: false });
        await stage.ends("canceled");
      },
    },
    {
      name: "cancels calls that have not begun beside those that were done",
      cast: (kit) => ({
        tools: [kit.tool("look"), kit.tool("pay", { effects: "once", needsApproval: true })],
        script: replies(calls("look", "pay"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/1"]);
        await stage.logs("result");
        await stage.cancel();
        await stage.ends("canceled");
        assert.deepEqual(
          (await stage.entries("result")).map(({ body }) => body.status),
          ["result", "canceled"],
        );
      },
    },
  ],
};
