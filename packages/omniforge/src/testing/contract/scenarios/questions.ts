/** Questions: to a person by the model, and by a tool that has begun. */
import assert from "node:assert/strict";
import { InputRequired } from "../../../tools/tool.ts";
import { answer, calls, replies, report } from "../kit.ts";
import type { Theme } from "../scenario.ts";

export const questions: Theme = {
  name: "questions",
  scenarios: [
    {
      name: "asks a person and goes on with the answer",
      cast: (kit) => ({
        tools: [kit.question()],
        script: replies(calls(["ask_human", { question: "Which colour?" }]), report),
      }),
      async play(stage) {
        await stage.submit();
        const { pending } = await stage.asks(["1/tool/0"]);
        assert.equal(pending[0]?.prompt, "Which colour?");
        await stage.answer("1/tool/0", { decision: "answer", value: "green" });
        await stage.ends("completed", "ask_human (text): green");
      },
    },
    {
      name: "takes one of the offered answers only",
      cast: (kit) => ({
        tools: [kit.question()],
        script: replies(calls(["ask_human", { question: "Which?", options: ["red", "green"] }]), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.refuses("INVALID_INPUT", stage.answer("1/tool/0", { decision: "answer", value: "blue" }));
        await stage.refuses("INVALID_INPUT", stage.approve("1/tool/0"));
        await stage.answer("1/tool/0", { decision: "answer", value: "red" });
        await stage.ends("completed", "ask_human (text): red");
      },
    },
    {
      name: "tells the model that a person would not answer",
      cast: (kit) => ({
        tools: [kit.question()],
        script: replies(calls(["ask_human", { question: "Why?" }]), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.answer("1/tool/0", { decision: "reject", reason: "none of your business" });
        await stage.ends(
          "completed",
          "ask_human (execution-denied): a person refused this call: none of your business",
        );
      },
    },
    {
      name: "takes answers in any order and returns them in call order",
      cast: (kit) => ({
        tools: [kit.question()],
        script: replies(
          calls(["ask_human", { question: "First?" }], ["ask_human", { question: "Second?" }]),
          report,
        ),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0", "1/tool/1"]);
        await stage.answer("1/tool/1", { decision: "answer", value: "b" });
        await stage.asks(["1/tool/0"]);
        await stage.answer("1/tool/0", { decision: "answer", value: { a: 1 } });
        await stage.ends("completed", 'ask_human (json): {"a":1}; ask_human (text): b');
      },
    },
    {
      name: "runs a call again with what it asked for after it had begun",
      cast: (kit) => ({
        tools: [
          kit.tool("book", {}, ({ context: { answers } }) => {
            if (answers.length === 0) throw new InputRequired("From where?", { type: "string" });
            if (answers.length === 1) throw new InputRequired("Where to?", { type: "string" });
            return answers.map(String).join(" to ");
          }),
        ],
        script: replies(calls("book"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0.1"]);
        await stage.refuses("INVALID_INPUT", stage.answer("1/tool/0.1", { decision: "answer", value: 5 }));
        await stage.answer("1/tool/0.1", { decision: "answer", value: "Rome" });
        await stage.asks(["1/tool/0.2"]);
        await stage.answer("1/tool/0.2", { decision: "answer", value: "Oslo" });
        await stage.ends("completed", "book (text): Rome to Oslo");
        assert.deepEqual(stage.ledger.counts, { book: 3 });
      },
    },
    {
      name: "frees a once tool that asks before it starts",
      cast: (kit) => ({
        tools: [
          kit.tool("pay", { effects: "once", needsApproval: true }, ({ context: { answers } }) => {
            if (answers.length === 0) throw new InputRequired("The code, please");
            return `paid with ${answers.map(String).join()}`;
          }),
        ],
        script: replies(calls("pay"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.approve("1/tool/0");
        await stage.asks(["1/tool/0.2"]);
        await stage.answer("1/tool/0.2", { decision: "answer", value: "123" });
        await stage.ends("completed", "pay (text): paid with 123");
        assert.equal((await stage.entries("claim")).length, 2);
        assert.equal((await stage.entries("release")).length, 1);
      },
    },
    {
      name: "does not run a call again whose question was refused",
      cast: (kit) => ({
        tools: [
          kit.tool("book", {}, () => {
            throw new InputRequired("Where to?");
          }),
        ],
        script: replies(calls("book"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0.1"]);
        await stage.answer("1/tool/0.1", { decision: "reject" });
        await stage.ends("completed", "book (execution-denied): a person refused this call");
        assert.deepEqual(stage.ledger.counts, { book: 1 });
      },
    },
    {
      name: "asks for two calls at once that have begun, beside one that waits for approval",
      cast: (kit) => ({
        tools: [
          kit.tool("book", {}, ({ context: { answers } }) => {
            if (answers.length === 0) throw new InputRequired("Where to?");
            return `to ${answers.map(String).join()}`;
          }),
          kit.tool("pay", { effects: "once", needsApproval: true }),
        ],
        script: replies(calls("book", "pay", "book"), answer("done")),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0.1", "1/tool/1", "1/tool/2.1"]);
        await stage.answer("1/tool/2.1", { decision: "answer", value: "Oslo" });
        await stage.approve("1/tool/1");
        await stage.asks(["1/tool/0.1"]);
        await stage.answer("1/tool/0.1", { decision: "answer", value: "Rome" });
        await stage.ends("completed", "done");
        assert.deepEqual(stage.ledger.counts, { book: 4, pay: 1 });
      },
    },
  ],
};
