/** Messages and wake-ups: what is said is taken once, whenever it is said and whoever hears of it. */
import assert from "node:assert/strict";
import { listenPrompt, listenTool } from "../../../tools/builtin/listen.ts";
import { answer, calls, replies } from "../kit.ts";
import type { Theme } from "../scenario.ts";

export const messages: Theme = {
  name: "messages",
  scenarios: [
    {
      name: "takes a message that is said during the last reply",
      cast: (kit) => ({
        script: async ({ turn, said }) => {
          if (turn === 1) await kit.wait("replying");
          return answer(said.join("+"));
        },
      }),
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("replying");
        await stage.say("more", "m1");
        stage.gates.open("replying");
        await stage.ends("completed", "go+more");
        assert.deepEqual(
          (await stage.entries("reply")).map(({ body }) => body.took),
          [["first"], ["m1"]],
        );
      },
    },
    {
      name: "takes a message that is said between the last reply and the end",
      cast: () => ({ script: ({ said }) => answer(said.join("+")) }),
      async play(stage) {
        const { process } = stage;
        const held = process.pauses("before", ({ kind }) => kind === "ended");
        await stage.submit();
        await held;
        await stage.say("more", "m1");
        await process.continue();
        await stage.ends("completed", "go+more");
      },
    },
    {
      name: "goes on with what is said to it while it listens, and with what was said before it did",
      cast: (kit) => ({
        tools: [listenTool],
        script: async ({ turn, said }) => {
          if (turn === 2) await kit.wait("replying");
          return turn < 3 ? calls(["listen", { question: listenPrompt }]) : answer(said.join("+"));
        },
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.say("more", "m1");
        await stage.gates.reached("replying");
        await stage.say("still more", "m2");
        stage.gates.open("replying");
        await stage.ends("completed", "go+more+still more");
      },
    },
    {
      name: "goes on once with a message that is said again and again while it listens",
      cast: () => ({
        tools: [listenTool],
        script: ({ turn, said }) =>
          turn < 3 ? calls(["listen", { question: listenPrompt }]) : answer(said.join("+")),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.say("more", "m1");
        await stage.asks(["2/tool/0"]);
        for (let again = 0; again < 3; again++) await stage.say("more", "m1");
        await stage.asks(["2/tool/0"]);
        await stage.say("enough", "m2");
        await stage.ends("completed", "go+more+enough");
      },
    },
    {
      name: "shows the model what was said while it waited for a person",
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once", needsApproval: true })],
        script: replies(calls("pay"), ({ said }) => answer(said.join("+"))),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.say("hurry", "m1");
        await stage.say("please", "m2");
        await stage.approve("1/tool/0");
        await stage.ends("completed", "go+hurry+please");
      },
    },
    {
      name: "shows the model what was said while a tool ran",
      cast: (kit) => ({
        tools: [
          kit.tool("dig", {}, async () => {
            await kit.wait("digging");
            return "dug";
          }),
        ],
        script: replies(calls("dig"), ({ said }) => answer(said.join("+"))),
      }),
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("digging");
        await stage.say("deeper", "m1");
        stage.gates.open("digging");
        await stage.ends("completed", "go+deeper");
      },
    },
    {
      name: "takes the same message twice as one",
      cast: (kit) => ({
        tools: [kit.question()],
        script: replies(calls(["ask_human", { question: "Well?" }]), ({ said }) => answer(said.join("+"))),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        assert.equal((await stage.say("more", "m1")).repeated, false);
        assert.equal((await stage.say("more", "m1")).repeated, true);
        await stage.answer("1/tool/0", { decision: "answer", value: "well" });
        await stage.ends("completed", "go+more");
        assert.equal((await stage.say("more", "m1")).repeated, true);
      },
    },
    {
      name: "refuses a message to a task that has ended",
      cast: () => ({ script: replies(answer("done")) }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "done");
        await stage.refuses("TASK_ENDED", stage.say("more", "m1"));
        assert.equal((await stage.entries("message")).length, 1);
      },
    },
    {
      name: "says which messages a failed task did not take",
      cast: (kit) => ({
        script: async () => {
          await kit.wait("failing");
          return { fail: { status: 401, message: "no such key" } };
        },
      }),
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("failing");
        await stage.say("more", "m1");
        stage.gates.open("failing");
        await stage.ends("failed", "MODEL_REFUSED");
        assert.deepEqual(
          (await stage.entries("refusal")).map(({ body }) => body.message),
          ["first", "m1"],
        );
      },
    },
    {
      name: "starts a task that is woken before it was started",
      asleep: true,
      cast: () => ({ script: ({ said }) => answer(said.join("+")) }),
      async play(stage) {
        await stage.create();
        await stage.say("more", "m1");
        await stage.start();
        await stage.ends("completed", "go+more");
        assert.equal(stage.ledger.modelCalls.get("main"), 1);
      },
    },
    {
      name: "settles an answer that nobody told the engine of",
      cast: (kit) => ({
        tools: [kit.question()],
        script: replies(calls(["ask_human", { question: "Well?" }]), answer("done")),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.answer("1/tool/0", { decision: "answer", value: "well" }, { wake: false });
        await stage.ends("completed", "done");
      },
    },
    {
      name: "is not disturbed by wake-ups for nothing",
      cast: (kit) => ({
        tools: [kit.question()],
        script: replies(calls(["ask_human", { question: "Well?" }]), answer("done")),
      }),
      async play(stage) {
        const reference = await stage.submit();
        await stage.asks(["1/tool/0"]);
        for (let count = 0; count < 5; count++) await stage.wake();
        await stage.process.backend.start(reference);
        await stage.answer("1/tool/0", { decision: "answer", value: "well" });
        for (let count = 0; count < 5; count++) await stage.wake();
        await stage.ends("completed", "done");
        await stage.wake();
        assert.equal(stage.ledger.modelCalls.get("main"), 2);
      },
    },
    {
      name: "continues as new while it is parked and others talk to it",
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once", needsApproval: true })],
        script: replies(calls("pay"), ({ said }) => answer(`${said.length}`)),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        for (let count = 1; count <= 25; count++) await stage.say(`still there? ${count}`, `m${count}`);
        await stage.approve("1/tool/0");
        await stage.ends("completed", "26");
        assert.deepEqual(stage.ledger.counts, { pay: 1 });
        assert.equal(stage.ledger.modelCalls.get("main"), 2);
      },
    },
  ],
};
