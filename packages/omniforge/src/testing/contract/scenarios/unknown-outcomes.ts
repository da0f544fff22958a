/** Outcomes that nobody knows: a once tool was started, and its process died. */
import assert from "node:assert/strict";
import { answer, calls, replies } from "../kit.ts";
import type { Kit } from "../kit.ts";
import type { Role, Theme } from "../scenario.ts";
import type { Stage } from "../stage.ts";

/** Pays once; the first execution waits at a gate. The model answers with the kind of what it was told. */
function payer(kit: Kit, unknown: "model" | "person" = "model"): Role {
  return {
    tools: [
      kit.tool("pay", { effects: "once", unknown }, async () => {
        await kit.wait("paying");
        return "paid";
      }),
    ],
    script: replies(calls("pay"), ({ results }) => answer(results.map(({ kind }) => kind).join())),
  };
}

async function diesWhilePaying(stage: Stage): Promise<void> {
  await stage.submit();
  await stage.gates.reached("paying");
  await stage.process.crash();
  stage.gates.open("paying");
  await stage.start();
}

const statuses = async (stage: Stage): Promise<readonly string[]> =>
  (await stage.entries("result")).map(({ body }) => body.status);

export const unknownOutcomes: Theme = {
  name: "unknown outcomes",
  scenarios: [
    {
      name: "tells the model that the outcome is unknown and does not run the tool again",
      cast: (kit) => payer(kit),
      async play(stage) {
        await diesWhilePaying(stage);
        await stage.ends("completed", "error-text");
        assert.deepEqual(await statuses(stage), ["unknown"]);
        assert.deepEqual(stage.ledger.counts, { pay: 1 });
      },
    },
    {
      name: "asks a person what the model is to be told of an unknown outcome",
      cast: (kit) => payer(kit, "person"),
      async play(stage) {
        await diesWhilePaying(stage);
        await stage.asks(["1/tool/0.unknown"]);
        await stage.answer("1/tool/0.unknown", { decision: "answer", value: "it was paid: I looked" });
        await stage.ends("completed", "error-text");
        const [result] = await stage.entries("result");
        assert.deepEqual(result?.body.parts, [{ type: "text", text: "it was paid: I looked" }]);
        assert.deepEqual(await statuses(stage), ["unknown"]);
        assert.deepEqual(stage.ledger.counts, { pay: 1 });
      },
    },
    {
      name: "leaves an outcome unknown when a person does not know either",
      cast: (kit) => payer(kit, "person"),
      async play(stage) {
        await diesWhilePaying(stage);
        await stage.asks(["1/tool/0.unknown"]);
        await stage.answer("1/tool/0.unknown", { decision: "reject", reason: "no idea" });
        await stage.ends("completed", "error-text");
        assert.deepEqual(await statuses(stage), ["unknown"]);
        assert.deepEqual(stage.ledger.counts, { pay: 1 });
      },
    },
    {
      name: "asks about an unknown outcome once, though its process dies again",
      cast: (kit) => payer(kit, "person"),
      async play(stage) {
        await diesWhilePaying(stage);
        await stage.asks(["1/tool/0.unknown"]);
        await stage.process.crash();
        await stage.start();
        await stage.answer("1/tool/0.unknown", { decision: "answer", value: "it was not" });
        await stage.ends("completed", "error-text");
        assert.equal((await stage.entries("request")).length, 1);
      },
    },
    {
      name: "runs a once tool whose process died before its claim",
      cast: (kit) => payer(kit),
      async play(stage) {
        stage.gates.open("paying");
        const death = stage.process.dies("before", ({ kind }) => kind === "claim");
        await stage.submit();
        await death;
        await stage.start();
        await stage.ends("completed", "text");
        assert.deepEqual(stage.ledger.counts, { pay: 1 });
      },
    },
    {
      name: "says unknown of a once tool whose process died right after its claim",
      cast: (kit) => payer(kit),
      async play(stage) {
        stage.gates.open("paying");
        const death = stage.process.dies("after", ({ kind }) => kind === "claim");
        await stage.submit();
        await death;
        await stage.start();
        await stage.ends("completed", "error-text");
        assert.deepEqual(stage.ledger.counts, {});
      },
    },
    {
      name: "says unknown of a once tool whose process died before it recorded the result",
      cast: (kit) => payer(kit),
      async play(stage) {
        stage.gates.open("paying");
        const death = stage.process.dies("before", ({ kind }) => kind === "result");
        await stage.submit();
        await death;
        await stage.start();
        await stage.ends("completed", "error-text");
        assert.deepEqual(stage.ledger.counts, { pay: 1 });
      },
    },
    {
      name: "keeps the result of a once tool whose process died after it was recorded",
      cast: (kit) => payer(kit),
      async play(stage) {
        stage.gates.open("paying");
        const death = stage.process.dies("after", ({ kind }) => kind === "result");
        await stage.submit();
        await death;
        await stage.start();
        await stage.ends("completed", "text");
        assert.deepEqual(stage.ledger.counts, { pay: 1 });
      },
    },
    {
      name: "says unknown of an approved once tool, and of no other of its fan-out",
      cast: (kit) => ({
        tools: [
          kit.tool("pay", { effects: "once", needsApproval: true }, async ({ arguments: given }) => {
            if (JSON.stringify(given).includes("slow")) await kit.wait("paying");
            return "paid";
          }),
        ],
        script: replies(calls(["pay", { to: "a" }], ["pay", { to: "slow" }]), ({ results }) =>
          answer(results.map(({ kind }) => kind).join()),
        ),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0", "1/tool/1"]);
        await stage.approve("1/tool/0");
        await stage.approve("1/tool/1");
        await stage.gates.reached("paying");
        await stage.logs("result");
        await stage.process.crash();
        await stage.start();
        await stage.ends("completed", "text,error-text");
        assert.deepEqual(stage.ledger.counts, { pay: 2 });
      },
    },
  ],
};
