/** Defects that seeds have found, each as the smallest plan that showed it. Plans of seeds change; these do not. */
import { describe, expect, test } from "vitest";
import type { AgentPlan, CallPlan, Happening, Plan } from "./plan.ts";
import { runPlan } from "./seeds.ts";

const call = (tool: CallPlan["tool"], ...behaves: CallPlan["behaves"]): CallPlan => ({ tool, behaves });

function planOf(
  replies: readonly (readonly CallPlan[])[],
  happenings: readonly Happening[] = [],
  more: Partial<AgentPlan> = {},
): Plan {
  return {
    agents: [
      { replies: replies.map((calls) => ({ faults: [], calls })), turns: 20, atLimit: "fail", ...more },
    ],
    happenings,
    order: 1,
    disorder: { overtaking: 0, detours: 0, slowness: 0 },
    eagerness: 0,
    incarnations: 1,
    slots: 64,
    fenced: true,
  };
}

describe("a task", () => {
  test("asks a person once what became of a call whose outcome is lost", async () => {
    expect(await runPlan(planOf([[call("send", "hang")]]))).toEqual([]);
  });

  test("does not execute a call again whose question a person has refused", async () => {
    const refused: Happening = { at: { on: "commit request", nth: 0 }, what: "stray-answer" };
    expect(await runPlan(planOf([[call("put", "ask", "ok")]], [refused]))).toEqual([]);
  });

  test("keeps a message that was said before a compaction and taken after it", async () => {
    const spoken: Happening = { at: { on: "commit reply", nth: 0 }, what: "message" };
    const replies = [[call("wipe"), call("look")], [call("wipe")]];
    expect(await runPlan(planOf(replies, [spoken], { compactAtTokens: 40 }))).toEqual([]);
  });
});
