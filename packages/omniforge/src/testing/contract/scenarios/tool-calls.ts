/** Calls: many at once, in the order of the reply, and the wrong ones told to the model. */
import assert from "node:assert/strict";
import { answer, calls, replies, report } from "../kit.ts";
import type { Theme } from "../scenario.ts";

const strict = {
  type: "object",
  properties: { amount: { type: "number" } },
  required: ["amount"],
  additionalProperties: false,
};

export const toolCalls: Theme = {
  name: "tool calls",
  scenarios: [
    {
      name: "runs parallel calls at once and returns their results in call order",
      cast: (kit) => ({
        tools: [
          kit.tool("fetch", {}, async ({ arguments: given }) => {
            await kit.wait("all are here");
            return given;
          }),
        ],
        script: replies(
          calls(["fetch", { page: 1 }], ["fetch", { page: 2 }], ["fetch", { page: 3 }]),
          report,
        ),
      }),
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("all are here", 3);
        stage.gates.open("all are here");
        await stage.ends("completed", [1, 2, 3].map((page) => `fetch (json): {"page":${page}}`).join("; "));
        assert.deepEqual(stage.ledger.counts, { fetch: 3 });
      },
    },
    {
      name: "makes 128 calls of one reply and tells the model that the others were not made",
      cast: (kit) => ({
        tools: [kit.tool("ping")],
        script: replies(calls(...Array.from({ length: 131 }, () => "ping")), ({ results }) =>
          answer(
            `${results.filter(({ kind }) => kind === "text").length} and ${results.filter(({ kind }) => kind === "error-text").length}`,
          ),
        ),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "128 and 3");
        assert.deepEqual(stage.ledger.counts, { ping: 128 });
      },
    },
    {
      name: "tells the model that there is no such tool",
      cast: (kit) => ({ tools: [kit.tool("look")], script: replies(calls("peek", "look"), report) }),
      async play(stage) {
        await stage.submit();
        await stage.ends(
          "completed",
          "peek (error-text): there is no tool peek; there are: look; look (text): look is done",
        );
      },
    },
    {
      name: "tells the model that its arguments are not JSON",
      cast: (kit) => ({
        tools: [kit.tool("look")],
        script: replies({ calls: [{ name: "look", raw: '{"at": ' }] }, calls("look"), answer("seen")),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "seen");
        assert.deepEqual(stage.ledger.counts, { look: 1 });
      },
    },
    {
      name: "tells the model that its arguments are wrong",
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once", parameters: strict })],
        script: replies(
          calls(["pay", { amount: "much" }]),
          calls(["pay", { amount: 5, to: "me" }]),
          calls(["pay", { amount: 5 }]),
          answer("paid"),
        ),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "paid");
        assert.deepEqual(stage.ledger.argumentsOf("pay"), [{ amount: 5 }]);
        assert.deepEqual(
          (await stage.entries("result")).map(({ body }) => body.status),
          ["error", "error", "result"],
        );
      },
    },
    {
      name: "shows the model what a failing tool said",
      cast: (kit) => ({
        tools: [
          kit.tool("look", {}, () => {
            throw new Error("it is dark");
          }),
        ],
        script: replies(calls("look"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "look (error-text): it is dark");
        assert.deepEqual(stage.ledger.counts, { look: 1 });
      },
    },
    {
      name: "gives every call a key of its own, the same for each attempt at it",
      cast: (kit) => ({
        tools: [
          kit.tool(
            "put",
            { effects: "idempotent", retry: { maximumAttempts: 2, initialIntervalMs: 5 } },
            ({ execution }) => {
              if (execution === 1) throw new Error("once more");
              return "put";
            },
          ),
        ],
        script: replies(calls("put", "put"), calls("put"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed");
        const keys = stage.ledger.executions.map(({ idempotencyKey }) =>
          idempotencyKey.slice(stage.task.length + 1),
        );
        assert.deepEqual(keys.toSorted(), [
          "1/tool/0",
          "1/tool/0",
          "1/tool/1",
          "1/tool/1",
          "2/tool/0",
          "2/tool/0",
        ]);
      },
    },
    {
      name: "keeps a large result beside the log and its start in it",
      cast: (kit) => ({
        tools: [kit.tool("read", {}, () => "0123456789".repeat(10_000))],
        script: replies(calls("read"), ({ results }) => answer(`${(results[0]?.text.length ?? 0) < 5_000}`)),
      }),
      async play(stage) {
        const reference = await stage.submit();
        await stage.ends("completed", "true");
        const [part] = (await stage.entries("result"))[0]?.body.parts ?? [];
        assert.ok(part?.type === "reference", "the result is a reference");
        assert.equal((await stage.process.world.blobs.get(reference, part.blob))?.byteLength, 100_000);
      },
    },
    {
      name: "waits for a tool that no process has, and never says that it is unknown",
      asleep: true,
      cast: (kit) => ({ tools: [kit.tool("rare")], script: replies(calls("rare"), report) }),
      async play(stage) {
        const first = await stage.start({ without: ["rare"] });
        await stage.submit();
        await stage.logs("attempt");
        assert.deepEqual((await stage.entries("attempt"))[0]?.body.error.code, "TOOL_NOT_HERE");
        await first.stop();
        await stage.start();
        await stage.ends("completed", "rare (text): rare is done");
      },
    },
    {
      name: "returns text, JSON and parts as the tool gave them",
      cast: (kit) => ({
        tools: [
          kit.tool("text", {}, () => "plain"),
          kit.tool("json", {}, () => ({ deep: [1, null, "x"] })),
          kit.tool("parts", {}, () => ({
            parts: [
              { type: "text", text: "a" },
              { type: "data", value: { b: 1 } },
            ],
          })),
          kit.tool("nothing", {}, () => null),
        ],
        script: replies(calls("text", "json", "parts", "nothing"), answer("done")),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "done");
      },
    },
  ],
};
