/** Models that fail: what is tried again, what is not, and what it costs. */
import assert from "node:assert/strict";
import { answer } from "../kit.ts";
import type { Kit } from "../kit.ts";
import type { Role, Theme } from "../scenario.ts";
import type { ScriptedReply } from "../../scripted-model.ts";

/** Fails so often with this, then answers. */
function failing(kit: Kit, times: number, fail: ScriptedReply): Role {
  return { script: () => (kit.nth("reply") <= times ? fail : answer("done")) };
}

export const modelFailures: Theme = {
  name: "model failures",
  scenarios: [
    {
      name: "tries again when the model is busy, as late as it was told",
      cast: (kit) => failing(kit, 1, { fail: { status: 429, retryAfterMs: 150 } }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "done");
        const [attempt] = await stage.entries("attempt");
        const [reply] = await stage.entries("reply");
        assert.ok(
          (reply?.at ?? 0) >= (attempt?.body.retryAt ?? Infinity),
          "not before the time that the provider named",
        );
        assert.ok(
          (attempt?.body.retryAt ?? 0) - (attempt?.at ?? 0) >= 140,
          "the provider's time, not the policy's",
        );
      },
    },
    {
      name: "tries again when the model's provider fails",
      cast: (kit) => failing(kit, 2, { fail: { status: 500 } }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "done");
        assert.equal(stage.ledger.modelCalls.get("main"), 3);
      },
    },
    {
      name: "tries again when the model's reply was cut off, and voids what it had shown",
      cast: (kit) => failing(kit, 1, { text: "do", fail: "cut" }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "done");
        const shown = stage.events.flatMap((event) => (event.type === "entry" ? [] : [event.type]));
        assert.deepEqual(shown, ["reset", "delta", "reset", "delta"]);
      },
    },
    {
      name: "gives up a model that keeps failing",
      cast: (kit) => failing(kit, Infinity, { fail: { status: 502, message: "bad gateway" } }),
      async play(stage) {
        await stage.submit();
        const { body } = await stage.ends("failed", "MODEL_FAILED");
        assert.equal(body.error?.message, "bad gateway");
        assert.equal(stage.ledger.modelCalls.get("main"), 3);
      },
    },
    ...[400, 401, 403].map((status) => ({
      name: `does not try again what the model's provider refuses with ${status}`,
      cast: (kit: Kit) => failing(kit, 1, { fail: { status } }),
      async play(stage: Parameters<Theme["scenarios"][number]["play"]>[0]) {
        await stage.submit();
        await stage.ends("failed", "MODEL_REFUSED");
        assert.equal(stage.ledger.modelCalls.get("main"), 1);
      },
    })),
    {
      name: "tries a silent model again",
      cast: (kit) => ({
        modelIdleTimeoutMs: 150,
        script: async ({ signal }) => {
          if (kit.nth("reply") === 1) await kit.wait("never", signal);
          return answer("done");
        },
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "done");
        assert.equal((await stage.entries("attempt")).length, 1);
      },
    },
    {
      name: "counts attempts over the death of its process",
      cast: (kit) => failing(kit, Infinity, { fail: { status: 500 } }),
      async play(stage) {
        const death = stage.process.dies("after", ({ kind }) => kind === "attempt");
        await stage.submit();
        await death;
        await stage.start();
        await stage.ends("failed", "MODEL_FAILED");
        assert.equal(stage.ledger.modelCalls.get("main"), 3);
      },
    },
    {
      name: "waits out a long backoff and goes on by itself",
      cast: (kit) => ({
        modelRetry: { initialIntervalMs: 1_100, maximumIntervalMs: 1_100 },
        ...failing(kit, 1, { fail: { status: 503 } }),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "done");
        assert.equal(stage.ledger.modelCalls.get("main"), 2);
      },
    },
  ],
};
