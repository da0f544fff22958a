import { describe } from "vitest";
import { decide } from "../../packages/omniforge/src/store/decide.ts";
import { invariant } from "./invariant.ts";
import { acting } from "./scripts.ts";
import { gate, watched } from "./tools.ts";

describe("W2", () => {
  invariant(
    "what a once tool returns after it was given up is kept aside, whether its time was over or the task was cancelled",
    { "it is dropped": { rule: (commit, facts) => ({ ...decide(commit, facts), late: [] }) } },
    async ({ open, expect }) => {
      for (const [timeoutMs, cancels] of [
        [20, false],
        [60_000, true],
      ] as const) {
        const held = gate();
        const pay = watched(() => held.opened.then(() => "receipt 4711"), { effects: "once", timeoutMs });
        const world = open({ script: acting(1), tools: [pay.tool], cancelGraceMs: 20 });
        const row = await world.begin();
        const [call] = await world.calls(row, 1);
        if (call === undefined) throw new Error("no call");
        const abort = new AbortController();
        const paying = world.tool(row, call, { signal: abort.signal });
        while (pay.runs.length === 0) await world.sleep(1);
        if (cancels) {
          await world.say(row, { kind: "cancel", id: "stop" });
          abort.abort();
        }
        await paying;
        held.open();
        await world.sleep(20);
        expect((await world.of(row, "result")).map(({ body }) => body.status)).toEqual(["unknown"]);
        expect(JSON.stringify(await world.store.late(row))).toContain("receipt 4711");
      }
    },
  );
});
