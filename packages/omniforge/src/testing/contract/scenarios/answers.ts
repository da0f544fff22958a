/** What a task that asks for nothing comes to. */
import assert from "node:assert/strict";
import { answer, calls, replies } from "../kit.ts";
import type { Theme } from "../scenario.ts";

export const answers: Theme = {
  name: "answers",
  scenarios: [
    {
      name: "answers what it was asked",
      cast: () => ({ script: ({ said }) => answer(`You said: ${said.join()}`) }),
      async play(stage) {
        await stage.submit("hello");
        await stage.ends("completed", "You said: hello");
        assert.equal(stage.ledger.modelCalls.get("main"), 1);
      },
    },
    {
      name: "keeps reasoning in the log and out of the answer",
      cast: () => ({ script: replies(answer("42", { reasoning: "six times nine" })) }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "42");
        const [reply] = await stage.entries("reply");
        assert.deepEqual(
          reply?.body.parts.map(({ type }) => type),
          ["reasoning", "text"],
        );
      },
    },
    {
      name: "works through turns in their order",
      cast: (kit) => ({
        tools: [kit.tool("count", {}, ({ arguments: given }) => given)],
        script: ({ turn, results }) =>
          turn <= 5 ? calls(["count", { turn }]) : answer(results.map(({ text }) => text).join()),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", [1, 2, 3, 4, 5].map((turn) => `{"turn":${turn}}`).join());
        assert.deepEqual(
          stage.ledger.argumentsOf("count"),
          [1, 2, 3, 4, 5].map((turn) => ({ turn })),
        );
      },
    },
    {
      name: "keeps what the model says beside its calls",
      cast: (kit) => ({
        tools: [kit.tool("look")],
        script: replies({ text: "I'll have a look.", ...calls("look") }, answer("seen")),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "seen");
      },
    },
    {
      name: "takes a reply that was cut at its length as it is",
      cast: () => ({ script: replies(answer("and so on and", { finish: "length" })) }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "and so on and");
        assert.equal((await stage.entries("reply"))[0]?.body.stop, "length");
      },
    },
    {
      name: "adds up what its model calls used",
      cast: (kit) => ({
        tools: [kit.tool("look")],
        script: replies(
          { ...calls("look"), usage: { input: 7, output: 3 } },
          answer("seen", { usage: { input: 11, output: 2 } }),
        ),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed");
        const { usage } = await stage.until(() => true, "it is there");
        assert.deepEqual(usage, { inputTokens: 18, outputTokens: 5 });
      },
    },
  ],
};
