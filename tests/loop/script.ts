/** Scripts for the loop: replies by turn, and calls by what they wait for. */
import { runAgent, type RunOutcome } from "omniforge/loop";
import { stepKey, type Call, type Reply, type WaitsFor } from "omniforge/protocol";
import type { Effects } from "omniforge/loop";

export function call(turn: number, index: number, waits?: WaitsFor): Call {
  return {
    index,
    key: stepKey(turn, "tool", index),
    name: "tool",
    runs: waits === "question" ? "question" : "tool",
    effects: "none",
    timeoutMs: 1,
    ...(waits !== undefined && { waits }),
  };
}

/** The replies of turn 1, 2, 3 …; the last one again for every later turn. */
export function replies(...list: readonly Reply[]): (turn: number) => Reply {
  return (turn) => list[Math.min(turn, list.length) - 1] ?? { kind: "answer" };
}

export const answer: Reply = { kind: "answer" };

export function run(fx: Effects, turn = 1): Promise<RunOutcome> {
  return runAgent(fx, { turn, loopVersion: 1 });
}
