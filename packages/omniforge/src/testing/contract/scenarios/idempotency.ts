/** Everything that is told may be told twice. */
import assert from "node:assert/strict";
import { answer, calls, replies, report } from "../kit.ts";
import type { Theme } from "../scenario.ts";

export const idempotency: Theme = {
  name: "idempotency",
  scenarios: [
    {
      name: "finds the first task of an idempotency key",
      cast: (kit) => ({
        tools: [kit.question()],
        script: replies(calls(["ask_human", { question: "Well?" }]), answer("done")),
      }),
      async play(stage) {
        const first = await stage.submit("go", { idempotencyKey: "order 1" });
        assert.deepEqual(await stage.submit("go", { idempotencyKey: "order 1" }), first);
        await stage.asks(["1/tool/0"]);
        await stage.restart();
        assert.deepEqual(await stage.submit("go", { idempotencyKey: "order 1" }), first);
        await stage.answer("1/tool/0", { decision: "answer", value: "well" });
        await stage.ends("completed", "done");
        assert.deepEqual(await stage.submit("go", { idempotencyKey: "order 1" }), first);
        const other = await stage.submit("go", { idempotencyKey: "order 2" });
        assert.notEqual(other.task, first.task);
        await stage.asks(["1/tool/0"], other.task);
        await stage.cancel({ task: other.task });
        await stage.ends("canceled", undefined, other.task);
        assert.equal((await stage.tasks()).length, 2);
      },
    },
    {
      name: "runs a task once that is started many times",
      cast: (kit) => ({
        tools: [
          kit.tool("pay", { effects: "once" }, async () => {
            await kit.wait("paying");
            return "paid";
          }),
        ],
        script: replies(calls("pay"), report),
      }),
      async play(stage) {
        const reference = await stage.submit();
        await stage.gates.reached("paying");
        for (let count = 0; count < 5; count++) await stage.process.backend.start(reference);
        stage.gates.open("paying");
        await stage.ends("completed", "pay (text): paid");
        await stage.process.backend.start(reference);
        assert.deepEqual(stage.ledger.counts, { pay: 1 });
        assert.equal(stage.ledger.modelCalls.get("main"), 2);
      },
    },
    {
      name: "runs a task once though two processes live",
      cast: (kit) => ({
        tools: [
          kit.tool("pay", { effects: "once" }, async () => {
            await kit.wait("paying");
            return "paid";
          }),
        ],
        script: replies(calls("pay"), report),
      }),
      async play(stage) {
        await stage.start();
        await stage.submit();
        await stage.gates.reached("paying");
        await stage.wake();
        stage.gates.open("paying");
        await stage.ends("completed", "pay (text): paid");
        assert.deepEqual(stage.ledger.counts, { pay: 1 });
        assert.equal(stage.ledger.modelCalls.get("main"), 2);
      },
    },
    {
      name: "knows of a task whether its engine runs it",
      asleep: true,
      cast: (kit) => ({
        tools: [kit.question()],
        script: replies(calls(["ask_human", { question: "Well?" }]), answer("done")),
      }),
      async play(stage) {
        const { backend } = await stage.start();
        const reference = await stage.submit();
        await stage.asks(["1/tool/0"]);
        assert.equal(await backend.describe(reference), "running");
        assert.equal(await backend.describe({ ...reference, task: "contract_none" }), "not-found");
        await stage.answer("1/tool/0", { decision: "answer", value: "well" });
        await stage.ends("completed", "done");
        await stage.eventually(
          async () => (await backend.describe(reference)) === "closed",
          "its engine has closed it",
        );
      },
    },
  ],
};
