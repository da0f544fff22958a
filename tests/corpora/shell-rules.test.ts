import { describe, expect, it } from "vitest";
import { compileRules } from "../../packages/omniforge/src/tools/builtin/shell/rules.ts";
import { asked } from "./asked-command-lines.ts";
import { allowed, denied, rules } from "./command-lines.ts";

const decide = compileRules(rules);
const verdicts = (commands: readonly string[], wanted: string): string[] =>
  commands
    .filter((command) => decide(command).verdict !== wanted)
    .map((command) => `${JSON.stringify(command)}: ${JSON.stringify(decide(command))}`);

describe("the shell corpus", () => {
  it("has at least 300 forms, each once in its list", () => {
    const all = [...allowed, ...denied, ...Object.values(asked).flat()];
    expect(new Set(all).size).toBeGreaterThanOrEqual(300);
  });

  it("runs what the rules allow", () => {
    expect(verdicts(allowed, "allow")).toEqual([]);
  });

  it.each(Object.keys(asked))("never lets %s through without a person", (trick) => {
    const through = (asked[trick] ?? []).filter((command) => decide(command).verdict === "allow");
    expect(through).toEqual([]);
  });

  it("asks, rather than refuses, where no rule forbids", () => {
    const { "near what is forbidden": _, ...others } = asked;
    expect(Object.values(others).flatMap((commands) => verdicts(commands, "ask"))).toEqual([]);
  });

  it("never runs what a rule forbids, whoever would approve it", () => {
    expect(verdicts(denied, "deny")).toEqual([]);
  });
});
