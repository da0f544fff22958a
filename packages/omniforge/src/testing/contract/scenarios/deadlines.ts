/** Deadlines: what nobody answers in time is refused by itself, also after a restart. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { calls, replies, report } from "../kit.ts";
import type { Kit } from "../kit.ts";
import type { Role, Theme } from "../scenario.ts";
import type { Stage } from "../stage.ts";

function payer(kit: Kit, deadlineMs: number): Role {
  return {
    tools: [kit.tool("pay", { effects: "once", needsApproval: true, deadlineMs })],
    script: replies(calls("pay"), report),
  };
}

const expired = "pay (execution-denied): nobody answered before the deadline";
const outcomes = async (stage: Stage): Promise<readonly string[]> =>
  (await stage.entries("input")).map(({ body }) => body.outcome);

/** Resolves once the request's time is over. */
async function pastDeadline(stage: Stage): Promise<void> {
  const [request] = await stage.entries("request");
  await delay(Math.max(0, (request?.body.deadline ?? 0) - Date.now()) + 5);
}

export const deadlines: Theme = {
  name: "deadlines",
  scenarios: [
    {
      name: "refuses what nobody approves in time",
      cast: (kit) => payer(kit, 120),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", expired);
        assert.deepEqual(await outcomes(stage), ["expired"]);
        assert.deepEqual(stage.ledger.counts, {});
      },
    },
    {
      name: "takes an approval in time and forgets the deadline",
      cast: (kit) => payer(kit, 60_000),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"]);
        await stage.approve("1/tool/0");
        await stage.ends("completed", "pay (text): pay is done");
      },
    },
    {
      name: "refuses what nobody approved while the process was down",
      cast: (kit) => payer(kit, 150),
      async play(stage) {
        const death = stage.process.dies("after", ({ kind }) => kind === "request");
        await stage.submit();
        await death;
        await pastDeadline(stage);
        await stage.start();
        await stage.ends("completed", expired);
        assert.deepEqual(stage.ledger.counts, {});
      },
    },
    {
      name: "refuses an answer after the deadline and writes that it has passed",
      cast: (kit) => payer(kit, 150),
      async play(stage) {
        const death = stage.process.dies("after", ({ kind }) => kind === "request");
        await stage.submit();
        await death;
        await pastDeadline(stage);
        await stage.refuses("DEADLINE_PASSED", stage.approve("1/tool/0"));
        assert.deepEqual(await outcomes(stage), ["expired"]);
        await stage.refuses("ALREADY_ANSWERED", stage.approve("1/tool/0"));
        await stage.start();
        await stage.ends("completed", expired);
        assert.deepEqual(stage.ledger.counts, {});
      },
    },
    {
      name: "takes an approval that was given in time while the process was down, though it starts after the deadline",
      cast: (kit) => payer(kit, 2_000),
      async play(stage) {
        const death = stage.process.dies("after", ({ kind }) => kind === "request");
        await stage.submit();
        await death;
        await stage.approve("1/tool/0");
        await pastDeadline(stage);
        await stage.start();
        await stage.ends("completed", "pay (text): pay is done");
        assert.deepEqual(await outcomes(stage), ["answered"]);
      },
    },
    {
      name: "lets a question expire",
      cast: (kit) => ({
        tools: [kit.question(120)],
        script: replies(calls(["ask_human", { question: "Well?" }]), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "ask_human (execution-denied): nobody answered before the deadline");
      },
    },
    {
      name: "lets one of two requests expire and waits for the other",
      cast: (kit) => ({
        tools: [kit.tool("pay", { effects: "once", needsApproval: true, deadlineMs: 120 }), kit.question()],
        script: replies(calls("pay", ["ask_human", { question: "Well?" }]), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/1"]);
        await stage.answer("1/tool/1", { decision: "answer", value: "well" });
        await stage.ends("completed", `${expired}; ask_human (text): well`);
      },
    },
  ],
};
