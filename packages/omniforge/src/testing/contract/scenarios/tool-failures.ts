/** Tools that fail: how often they are tried, by their effects. */
import assert from "node:assert/strict";
import { ToolNotStarted, type ToolOutput } from "../../../tools/tool.ts";
import type { ToolRun } from "../kit.ts";
import { calls, replies, report } from "../kit.ts";
import type { Theme } from "../scenario.ts";

const thrice = { maximumAttempts: 3, initialIntervalMs: 5, maximumIntervalMs: 20 };

/** Fails so often, then works. */
function failing(times: number): (run: ToolRun) => ToolOutput {
  return ({ execution }) => {
    if (execution <= times) throw new Error(`failure ${execution}`);
    return "done at last";
  };
}

const notStarted = ({ execution }: ToolRun): ToolOutput => {
  if (execution === 1) throw new ToolNotStarted("no connection");
  return "paid";
};

export const toolFailures: Theme = {
  name: "tool failures",
  scenarios: [
    {
      name: "tries an idempotent tool again under the same key",
      cast: (kit) => ({
        tools: [kit.tool("put", { effects: "idempotent", retry: thrice }, failing(2))],
        script: replies(calls("put"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "put (text): done at last");
        assert.deepEqual(stage.ledger.counts, { put: 3 });
      },
    },
    {
      name: "gives up a tool that keeps failing and tells the model",
      cast: (kit) => ({
        tools: [kit.tool("put", { retry: thrice }, failing(9))],
        script: replies(calls("put"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "put (error-text): failure 3");
        assert.deepEqual(stage.ledger.counts, { put: 3 });
      },
    },
    {
      name: "never tries a once tool again that failed by itself",
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once", retry: thrice }, failing(1))],
        script: replies(calls("pay"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "pay (error-text): failure 1");
        assert.deepEqual(stage.ledger.counts, { pay: 1 });
      },
    },
    {
      name: "tries a once tool again that says that it did not start",
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once", retry: thrice }, notStarted)],
        script: replies(calls("pay"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "pay (text): paid");
        assert.deepEqual(stage.ledger.counts, { pay: 2 });
        assert.equal((await stage.entries("release")).length, 1);
      },
    },
    {
      name: "tells the model of a once tool that did not start and may not be tried again",
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once" }, notStarted)],
        script: replies(calls("pay"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "pay (error-text): no connection");
        assert.deepEqual(stage.ledger.counts, { pay: 1 });
      },
    },
    {
      name: "ends a tool without effects at its time limit",
      cast: (kit) => ({
        tools: [
          kit.tool("dig", { timeoutMs: 60 }, async ({ context: { signal } }) => {
            await kit.wait("never", signal);
            return "dug";
          }),
        ],
        script: replies(calls("dig"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "dig (error-text): dig did not finish within 60 ms");
        assert.deepEqual(
          (await stage.entries("result")).map(({ body }) => body.status),
          ["timeout"],
        );
      },
    },
    {
      name: "tries an idempotent tool again after its time limit",
      cast: (kit) => ({
        tools: [
          kit.tool(
            "put",
            { effects: "idempotent", timeoutMs: 200, retry: thrice },
            async ({ execution, context: { signal } }) => {
              if (execution === 1) await kit.wait("never", signal);
              return "put";
            },
          ),
        ],
        script: replies(calls("put"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "put (text): put");
        assert.deepEqual(stage.ledger.counts, { put: 2 });
      },
    },
    {
      name: "says unknown of a once tool at its time limit",
      cast: (kit) => ({
        tools: [
          kit.tool(
            "pay",
            { effects: "once", timeoutMs: 60, retry: thrice },
            async ({ context: { signal } }) => {
              await kit.wait("never", signal);
              return "paid";
            },
          ),
        ],
        script: replies(calls("pay"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed");
        assert.deepEqual(
          (await stage.entries("result")).map(({ body }) => body.status),
          ["unknown"],
        );
        assert.deepEqual(stage.ledger.counts, { pay: 1 });
      },
    },
    {
      name: "tries one of many again while the others are done once",
      cast: (kit) => ({
        tools: [kit.tool("look"), kit.tool("put", { effects: "idempotent", retry: thrice }, failing(1))],
        script: replies(calls("look", "put", "look"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends(
          "completed",
          "look (text): look is done; put (text): done at last; look (text): look is done",
        );
        assert.deepEqual(stage.ledger.counts, { look: 2, put: 2 });
      },
    },
    {
      name: "tries again a tool whose backoff is long while the others stay done",
      cast: (kit) => ({
        tools: [
          kit.tool("look", { effects: "once" }),
          kit.tool(
            "put",
            {
              effects: "idempotent",
              retry: { maximumAttempts: 2, initialIntervalMs: 1_100, maximumIntervalMs: 1_100 },
            },
            failing(1),
          ),
        ],
        script: replies(calls("look", "put"), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "look (text): look is done; put (text): done at last");
        assert.deepEqual(stage.ledger.counts, { look: 1, put: 2 });
      },
    },
  ],
};
