/** Approvals: what a person allowed is what runs. */
import assert from "node:assert/strict";
import { answer, calls, replies, report } from "../kit.ts";
import type { Theme } from "../scenario.ts";

const strict = {
  type: "object",
  properties: { amount: { type: "number" } },
  required: ["amount"],
  additionalProperties: false,
};

export const approvals: Theme = {
  name: "approvals",
  scenarios: [
    {
      name: "runs exactly what was approved",
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once", needsApproval: true })],
        script: replies(calls(["pay", { amount: 5 }]), report),
      }),
      async play(stage) {
        await stage.submit();
        const { pending } = await stage.asks(["1/tool/0"]);
        assert.deepEqual(pending[0]?.arguments, { amount: 5 });
        assert.deepEqual(stage.ledger.counts, {});
        await stage.approve("1/tool/0");
        await stage.ends("completed", "pay (text): pay is done");
        assert.deepEqual(stage.ledger.argumentsOf("pay"), [{ amount: 5 }]);
      },
    },
    {
      name: "runs the arguments that the approver put in place of the model's",
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once", needsApproval: true, parameters: strict })],
        script: replies(calls(["pay", { amount: 500 }]), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.answer("1/tool/0", { decision: "approve", arguments: { amount: 5 } });
        await stage.ends("completed", "pay (text): pay is done");
        assert.deepEqual(stage.ledger.argumentsOf("pay"), [{ amount: 5 }]);
      },
    },
    {
      name: "refuses edited arguments that the tool does not take",
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once", needsApproval: true, parameters: strict })],
        script: replies(calls(["pay", { amount: 500 }]), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.refuses(
          "INVALID_INPUT",
          stage.answer("1/tool/0", { decision: "approve", arguments: { amount: "five" } }),
        );
        await stage.answer("1/tool/0", { decision: "approve", arguments: { amount: 5 } });
        await stage.ends("completed", "pay (text): pay is done");
        assert.deepEqual(stage.ledger.argumentsOf("pay"), [{ amount: 5 }]);
      },
    },
    {
      name: "tells the model of a refusal and why",
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once", needsApproval: true })],
        script: replies(calls("pay"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.answer("1/tool/0", { decision: "reject", reason: "too much" });
        await stage.ends("completed", "pay (execution-denied): a person refused this call: too much");
        assert.deepEqual(stage.ledger.counts, {});
      },
    },
    {
      name: "runs parallel tools with one approval and one question",
      cast: (kit) => ({
        tools: [kit.tool("look"), kit.tool("pay", { effects: "once", needsApproval: true }), kit.question()],
        script: replies(
          calls("look", ["pay", { amount: 5 }], ["ask_human", { question: "Which colour?" }], "look"),
          report,
        ),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/1", "1/tool/2"]);
        await stage.logs("result", 2);
        await stage.answer("1/tool/2", { decision: "answer", value: "green" });
        await stage.asks(["1/tool/1"]);
        assert.deepEqual(stage.ledger.counts, { look: 2 });
        await stage.approve("1/tool/1");
        await stage.ends(
          "completed",
          "look (text): look is done; pay (text): pay is done; ask_human (text): green; look (text): look is done",
        );
        assert.deepEqual(stage.ledger.counts, { look: 2, pay: 1 });
      },
    },
    {
      name: "takes an approval that was given before the loop waits for it",
      cast: (kit) => ({
        tools: [
          kit.tool("slow", {}, async () => {
            await kit.wait("slow");
            return "slowly";
          }),
          kit.tool("pay", { effects: "once", needsApproval: true }),
        ],
        script: replies(calls("slow", "pay"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("slow");
        await stage.approve("1/tool/1");
        assert.deepEqual(stage.ledger.counts, { slow: 1 });
        stage.gates.open("slow");
        await stage.ends("completed", "slow (text): slowly; pay (text): pay is done");
        assert.deepEqual(stage.ledger.counts, { slow: 1, pay: 1 });
      },
    },
    {
      name: "asks only where the arguments need it",
      cast: (kit) => ({
        tools: [
          kit.tool("pay", {
            effects: "once",
            needsApproval: (given) => JSON.stringify(given) !== '{"amount":1}',
          }),
        ],
        script: replies(calls(["pay", { amount: 1 }], ["pay", { amount: 99 }]), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/1"]);
        await stage.logs("result");
        await stage.approve("1/tool/1");
        await stage.ends("completed", "pay (text): pay is done; pay (text): pay is done");
      },
    },
    {
      name: "asks where the rule itself fails",
      cast: (kit) => ({
        tools: [
          kit.tool("pay", {
            effects: "once",
            needsApproval: () => {
              throw new Error("who knows");
            },
          }),
        ],
        script: replies(calls("pay"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.approve("1/tool/0");
        await stage.ends("completed", "pay (text): pay is done");
      },
    },
    {
      name: "settles every call before it runs those that were approved",
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once", needsApproval: true })],
        script: replies(calls(["pay", { to: "a" }], ["pay", { to: "b" }], ["pay", { to: "c" }]), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0", "1/tool/1", "1/tool/2"]);
        await stage.approve("1/tool/2");
        await stage.answer("1/tool/1", { decision: "reject" });
        await stage.asks(["1/tool/0"]);
        assert.deepEqual(stage.ledger.counts, {});
        await stage.approve("1/tool/0");
        await stage.ends("completed");
        assert.deepEqual(stage.ledger.counts, { pay: 2 });
      },
    },
    {
      name: "refuses what does not answer a request, and takes what does",
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once", needsApproval: true })],
        script: replies(calls("pay"), answer("done")),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.refuses("INVALID_INPUT", stage.answer("1/tool/0", { decision: "answer", value: "yes" }));
        await stage.refuses("INPUT_NOT_FOUND", stage.approve("1/tool/7"));
        await stage.refuses("TASK_NOT_FOUND", stage.approve("1/tool/0", { task: "contract_none" }));
        await stage.approve("1/tool/0");
        await stage.ends("completed", "done");
      },
    },
    {
      name: "counts the first of two answers",
      cast: (kit) => ({
        tools: [
          kit.tool("pay", { effects: "once", needsApproval: true }),
          kit.tool("look", { needsApproval: true }),
        ],
        script: replies(calls("pay", "look"), answer("done")),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0", "1/tool/1"]);
        await stage.answer("1/tool/0", { decision: "reject" });
        await stage.refuses("ALREADY_ANSWERED", stage.approve("1/tool/0"));
        await stage.approve("1/tool/1");
        await stage.ends("completed", "done");
        await stage.refuses("ALREADY_ANSWERED", stage.approve("1/tool/0"));
        assert.deepEqual(stage.ledger.counts, { look: 1 });
      },
    },
    {
      name: "refuses an answer to a request that was withdrawn",
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once", needsApproval: true })],
        script: replies(calls("pay"), answer("done")),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.cancel();
        await stage.ends("canceled");
        await stage.refuses("TASK_ENDED", stage.approve("1/tool/0"));
      },
    },
  ],
};
