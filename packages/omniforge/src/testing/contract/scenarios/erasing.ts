/** Erasing: what was said is gone; that something was said stays. */
import assert from "node:assert/strict";
import { answer, calls, replies } from "../kit.ts";
import type { Theme } from "../scenario.ts";
import type { Stage } from "../stage.ts";

const secret = "the secret of the house";

async function erase(stage: Stage): Promise<void> {
  const { tenant, task } = await stage.until(() => true, "it is there");
  await stage.store.erase({ tenant, task }, Date.now());
}

async function remembers(stage: Stage): Promise<boolean> {
  return JSON.stringify([
    await stage.log(),
    await stage.late(),
    await stage.until(() => true, "it is there"),
  ]).includes("secret");
}

export const erasing: Theme = {
  name: "erasing",
  scenarios: [
    {
      name: "erases what was said and keeps that it was",
      cast: (kit) => ({
        tools: [kit.tool("look", {}, () => secret)],
        script: replies(calls(["look", { for: secret }]), answer(secret)),
      }),
      async play(stage) {
        await stage.submit(secret);
        await stage.ends("completed", secret);
        const before = (await stage.log()).map(({ seq, kind, key }) => ({ seq, kind, key }));
        await erase(stage);
        assert.equal(await remembers(stage), false);
        assert.deepEqual(
          (await stage.log()).map(({ seq, kind, key }) => ({ seq, kind, key })),
          before,
        );
        await stage.refuses("TASK_ENDED", stage.say("still there?", "first"));
      },
    },
    {
      name: "does not erase what has not ended",
      cast: (kit) => ({
        tools: [kit.question()],
        script: replies(calls(["ask_human", { question: "Well?" }]), answer("done")),
      }),
      async play(stage) {
        await stage.submit(secret);
        await stage.asks(["1/tool/0"]);
        await stage.refuses("TASK_NOT_ENDED", erase(stage));
        await stage.answer("1/tool/0", { decision: "answer", value: "well" });
        await stage.ends("completed", "done");
      },
    },
    {
      name: "keeps nothing that a late writer brings to an erased task",
      cast: (kit) => ({
        tools: [
          kit.tool("pay", { effects: "once" }, async () => {
            await kit.wait("paying");
            return secret;
          }),
        ],
        script: replies(calls("pay"), answer("done")),
      }),
      async play(stage) {
        const first = stage.process;
        await stage.submit();
        await stage.gates.reached("paying");
        await first.pause();
        await stage.start();
        await stage.ends("completed", "done");
        await erase(stage);
        stage.gates.open("paying");
        await first.continue();
        await stage.settle();
        assert.equal(await remembers(stage), false);
        assert.deepEqual(await stage.late(), []);
      },
    },
  ],
};
