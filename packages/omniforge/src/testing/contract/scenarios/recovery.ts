/** Recovery: a process dies, stops or stands still at any point, and the task goes on where it stood. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { Json } from "../../../protocol/json.ts";
import { answer, calls, replies, report } from "../kit.ts";
import type { Kit } from "../kit.ts";
import type { Role, Theme } from "../scenario.ts";
import type { Stage } from "../stage.ts";

function nameOf(given: Json): string {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return "";
  return typeof given["name"] === "string" ? given["name"] : "";
}

/** Puts two things at once, then one more, then answers with what came back. */
function worker(kit: Kit): Role {
  return {
    tools: [
      kit.tool("put", { effects: "idempotent" }, async ({ arguments: given, execution }) => {
        const name = nameOf(given);
        if (execution === 1) await kit.wait(`put ${name}`);
        return name;
      }),
    ],
    script: replies(
      calls(["put", { name: "a" }], ["put", { name: "b" }]),
      calls(["put", { name: "c" }]),
      report,
    ),
  };
}

const reported = ["a", "b", "c"].map((name) => `put (text): ${name}`).join("; ");

function openAll(stage: Stage): void {
  for (const name of ["a", "b", "c"]) stage.gates.open(`put ${name}`);
}

/** Dies once at a point of a whole run, and goes on in another process. */
async function diesOnce(stage: Stage, ...cut: Parameters<Stage["process"]["dies"]>): Promise<void> {
  openAll(stage);
  const death = stage.process.dies(...cut);
  await stage.submit();
  await death;
  await stage.start();
  await stage.ends("completed", reported);
}

export const recovery: Theme = {
  name: "recovery",
  scenarios: [
    {
      name: "goes on after a kill in the middle of a fan-out and repeats no call that was done",
      cast: worker,
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("put b");
        stage.gates.open("put a");
        await stage.logs("result");
        await stage.process.crash();
        openAll(stage);
        await stage.start();
        await stage.ends("completed", reported);
        assert.equal(stage.ledger.argumentsOf("put").filter((given) => nameOf(given) === "a").length, 1);
        assert.equal(stage.ledger.argumentsOf("put").filter((given) => nameOf(given) === "b").length, 2);
      },
    },
    {
      name: "pays for a recorded reply once",
      cast: worker,
      async play(stage) {
        await diesOnce(stage, "after", ({ kind }) => kind === "reply");
        assert.equal(stage.ledger.modelCalls.get("main"), 3);
        assert.deepEqual(stage.ledger.counts, { put: 3 });
      },
    },
    {
      name: "asks the model again for a reply that was not recorded",
      cast: worker,
      async play(stage) {
        await diesOnce(stage, "before", (entry) => entry.kind === "reply" && entry.body.turn === 2);
        assert.equal(stage.ledger.modelCalls.get("main"), 4);
        assert.deepEqual(stage.ledger.counts, { put: 3 });
      },
    },
    {
      name: "goes on after a kill between a result and the next turn",
      cast: worker,
      async play(stage) {
        await diesOnce(stage, "after", ({ kind, key }) => kind === "result" && key === "2/tool/0");
        assert.equal(stage.ledger.modelCalls.get("main"), 3);
        assert.deepEqual(stage.ledger.counts, { put: 3 });
      },
    },
    {
      name: "finishes after a kill before the terminal entry",
      cast: worker,
      async play(stage) {
        await diesOnce(stage, "before", ({ kind }) => kind === "ended");
        assert.equal(stage.ledger.modelCalls.get("main"), 3);
      },
    },
    {
      name: "has ended though its process died before it heard so",
      cast: worker,
      async play(stage) {
        await diesOnce(stage, "after", ({ kind }) => kind === "ended");
        assert.equal(stage.ledger.modelCalls.get("main"), 3);
      },
    },
    {
      name: "goes on after two kills running",
      cast: worker,
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("put a");
        await stage.process.crash();
        const second = await stage.start();
        openAll(stage);
        await second.dies("before", ({ kind, key }) => kind === "reply" && key === "2/model/0");
        await stage.start();
        await stage.ends("completed", reported);
      },
    },
    {
      name: "goes on after a graceful stop in the middle of a turn, which counts as no death",
      cast: worker,
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("put a");
        // What is handed over in the moment of the stop may have begun or not: on an engine of its own, nobody knows.
        await stage.gates.reached("put b");
        // The stop has begun before anything ends: nothing new is handed to the process that stops.
        const restarted = stage.restart();
        await delay(300);
        openAll(stage);
        await restarted;
        await stage.ends("completed", reported);
        assert.deepEqual(stage.ledger.counts, { put: 3 });
        assert.equal((await stage.entries("recovery")).length, 0);
      },
    },
    {
      name: "hears an answer that was given while no process lived",
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once", needsApproval: true })],
        script: replies(calls("pay"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.process.crash();
        await stage.approve("1/tool/0");
        await stage.refuses("ALREADY_ANSWERED", stage.approve("1/tool/0"));
        await stage.start();
        await stage.ends("completed", "pay (text): pay is done");
        assert.deepEqual(stage.ledger.counts, { pay: 1 });
      },
    },
    {
      name: "is taken over while its process stands still, which then writes nothing",
      cast: (kit) => ({
        tools: [
          kit.tool("put", { effects: "idempotent" }, async ({ execution }) => {
            if (execution === 1) await kit.wait("first");
            return `by execution ${execution}`;
          }),
        ],
        script: replies(calls("put"), report),
      }),
      async play(stage) {
        const first = stage.process;
        await stage.submit();
        await stage.gates.reached("first");
        await first.pause();
        await stage.start();
        await stage.ends("completed", "put (text): by execution 2");
        stage.gates.open("first");
        await first.continue();
        assert.deepEqual(stage.ledger.counts, { put: 2 });
      },
    },
    {
      name: "says unknown of a once tool whose process stands still, and keeps its receipt aside when it goes on",
      cast: (kit) => ({
        tools: [
          kit.tool("pay", { effects: "once" }, async () => {
            await kit.wait("paying");
            return "receipt 17";
          }),
        ],
        script: replies(calls("pay"), ({ results }) => answer(results.map(({ kind }) => kind).join())),
      }),
      async play(stage) {
        const first = stage.process;
        await stage.submit();
        await stage.gates.reached("paying");
        await first.pause();
        await stage.start();
        await stage.ends("completed", "error-text");
        stage.gates.open("paying");
        await first.continue();
        await stage.settle();
        assert.deepEqual(
          (await stage.entries("result")).map(({ body }) => body.status),
          ["unknown"],
        );
        const kept = (await stage.late()).flatMap(({ entry }) =>
          entry.kind === "result" ? entry.body.parts : [],
        );
        assert.deepEqual(kept, [{ type: "text", text: "receipt 17" }]);
        assert.deepEqual(stage.ledger.counts, { pay: 1 });
      },
    },
    {
      name: "inserts nothing that a zombie of an earlier turn brings",
      cast: (kit) => ({
        tools: [
          kit.tool("put", { effects: "idempotent" }, async ({ execution }) => {
            if (execution === 1) await kit.wait("first");
            return `by execution ${execution}`;
          }),
          kit.question(),
        ],
        script: replies(calls("put"), calls(["ask_human", { question: "And now?" }]), report),
      }),
      async play(stage) {
        const first = stage.process;
        await stage.submit();
        await stage.gates.reached("first");
        await first.pause();
        const second = await stage.start();
        await stage.asks(["2/tool/0"]);
        stage.gates.open("first");
        await first.continue();
        await first.stop();
        assert.equal((await stage.entries("result")).length, 1);
        assert.ok(second.running);
        await stage.answer("2/tool/0", { decision: "answer", value: "enough" });
        await stage.ends("completed", "put (text): by execution 2; ask_human (text): enough");
      },
    },
    {
      name: "keeps the first of two replies to one turn, and counts what the other used",
      cast: (kit) => ({
        script: async () => {
          const nth = kit.nth("reply");
          if (nth === 1) await kit.wait("thinking");
          return answer(`reply ${nth}`);
        },
      }),
      async play(stage) {
        const first = stage.process;
        await stage.submit();
        await stage.gates.reached("thinking");
        await first.pause();
        await stage.start();
        await stage.ends("completed", "reply 2");
        stage.gates.open("thinking");
        await first.continue();
        await stage.settle();
        assert.equal((await stage.entries("reply")).length, 1);
      },
    },
    {
      name: "gives up a step that kills its process again and again",
      cast: (kit) => ({
        tools: [
          kit.tool("explode", { effects: "idempotent" }, async () => {
            await kit.wait("exploding");
            return "never";
          }),
        ],
        script: replies(calls("explode"), report),
      }),
      async play(stage) {
        await stage.submit();
        for (let deaths = 1; deaths <= 7; deaths++) {
          await stage.gates.reached("exploding", deaths);
          await stage.process.crash();
          await stage.start();
        }
        await stage.ends(
          "completed",
          "explode (error-text): this call killed its process 5 times running alone and is not tried again",
        );
        assert.deepEqual(stage.ledger.counts, { explode: 7 });
      },
    },
    {
      name: "shows a task that was terminated from outside as failed",
      needs: ["terminate"],
      cast: (kit) => ({
        tools: [kit.question()],
        script: replies(calls(["ask_human", { question: "Well?" }])),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.process.engine.terminate?.(stage.task);
        await stage.ends("failed", "ENGINE_CLOSED");
      },
    },
    {
      name: "does nothing twice when it is set back to its beginning by hand",
      needs: ["reset"],
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once" }), kit.question()],
        script: replies(calls("pay"), calls(["ask_human", { question: "Well?" }]), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["2/tool/0"]);
        await stage.process.engine.reset?.(stage.task);
        await stage.answer("2/tool/0", { decision: "answer", value: "well" });
        await stage.ends("completed", "pay (text): pay is done; ask_human (text): well");
        assert.deepEqual(stage.ledger.counts, { pay: 1 });
        assert.equal(stage.ledger.modelCalls.get("main"), 3);
      },
    },
  ],
};
