import { memoryStore } from "omniforge/store";
import { testStore } from "omniforge/testing";
import { describe, expect, it } from "vitest";
import type { Commit } from "omniforge/store";
import {
  append,
  decide,
  type CommitFacts,
  type Decision,
} from "../../packages/omniforge/src/store/decide.ts";

type Rule = typeof decide;

/** The claims that a store made with this rule does not keep. */
async function broken(rule: Rule): Promise<string[]> {
  const claims: [string, () => Promise<void>][] = [];
  const framework = {
    describe: (_name: string, body: () => void): void => body(),
    it: (name: string, body: () => Promise<void>): void => void claims.push([name, body]),
  };
  testStore("broken", () => memoryStore(rule), framework);
  const failed: string[] = [];
  for (const [name, body] of claims) await body().catch(() => failed.push(name));
  return failed;
}

const write = (commit: Commit, { row }: CommitFacts): Decision => {
  if (row === undefined) return { result: { kind: "missing" } };
  const made = append(row, commit.entries, commit.at);
  return { result: { kind: "committed", ...made }, write: { ...made, wakes: commit.accepts !== undefined } };
};

/** The rule, but for what it refuses as this. */
const without =
  (kind: string): Rule =>
  (commit, facts) => {
    const decision = decide(commit, facts);
    return decision.result.kind === kind ? write(commit, facts) : decision;
  };

const rules: readonly [string, Rule, string][] = [
  [
    "a key's second outcome",
    without("found"),
    "returns what was found under its key, and inserts none of its entries",
  ],
  ["a seq after the end", without("ended"), "lets the first terminal entry win, and no seq follow it"],
  ["a predecessor's write", without("lost"), "is refused as lost once the fence has moved"],
  [
    "a step of an earlier turn",
    without("stale"),
    "finds the outcome of an earlier turn, and inserts nothing for one",
  ],
  [
    "a head that has moved",
    without("moved"),
    "is refused as moved when the head is not the one that was read",
  ],
  [
    "a key other than the first",
    (commit, facts) =>
      decide(commit, {
        ...facts,
        keyed: facts.keyed?.key === commit.entries[0]?.key ? facts.keyed : undefined,
      }),
    "is decided by its own key and by the keys of all its entries",
  ],
  [
    "an id twice",
    (commit, facts) => decide(commit, { ...facts, accepted: undefined }),
    "accepts an id once for the task's life, and counts one wake for it",
  ],
  [
    "seqs that skip one",
    (commit, facts) => {
      const decision = decide(commit, {
        ...facts,
        row: facts.row && { ...facts.row, headSeq: facts.row.headSeq + 1 },
      });
      return decision;
    },
    "gives 200 commits at once 200 seqs without a gap",
  ],
  [
    "times that go back",
    (commit, facts) => decide(commit, { ...facts, row: facts.row && { ...facts.row, updatedAt: 0 } }),
    "never lets a log's times go back, whatever the clock says",
  ],
  [
    "the loss of a late receipt",
    (commit, facts) => ({ ...decide(commit, facts), late: [] }),
    "are kept with their key and time after the end, without seq or effect on the head",
  ],
  [
    "late content of an erased task",
    (commit, facts) => decide(commit, { ...facts, row: facts.row && { ...facts.row, erased: false } }),
    "refuses late writers, and keeps nothing of theirs",
  ],
  [
    "an answer without a wake",
    (commit, facts) => {
      const decision = decide(commit, facts);
      return decision.write === undefined
        ? decision
        : { ...decision, write: { ...decision.write, wakes: false } };
    },
    "lets a parked task rest until it is woken",
  ],
];

describe("the store contract", () => {
  it("is kept by the rule", async () => {
    expect(await broken(decide)).toEqual([]);
  });

  it.each(rules)("notices a store that lets through %s", async (_what, rule, claim) => {
    expect(await broken(rule)).toContain(claim);
  });
});
