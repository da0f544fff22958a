import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expectedFile, formatExpected, parseExpected } from "./expected.ts";
import { themes } from "./scenarios/index.ts";
import { scenarioNames, testBackend, type ContractOptions } from "./test-backend.ts";

/** A test framework that only notes what it was given. */
function noting(): {
  readonly framework: Pick<ContractOptions, "describe" | "it">;
  readonly run: string[];
  readonly skipped: string[];
} {
  const run: string[] = [];
  const skipped: string[] = [];
  const noted = Object.assign((name: string) => void run.push(name), {
    skip: (name: string) => void skipped.push(name),
  });
  return { framework: { describe: (_name, body) => body(), it: noted }, run, skipped };
}

const create = (): never => {
  throw new Error("nothing is played here");
};

describe("the contract of backends", () => {
  it("has at least 150 scenarios, each of another name", () => {
    const names = scenarioNames();
    expect(names.length).toBeGreaterThanOrEqual(150);
    expect(new Set(names).size).toBe(names.length);
  });

  it("defines a test for each scenario and shows a skip with its reason", () => {
    const { framework, run, skipped } = noting();
    const [first = "", ...others] = scenarioNames();
    testBackend("mine", create, { ...framework, skip: [{ test: first, reason: "mine can't" }] });
    expect(run).toEqual(others);
    expect(skipped).toEqual([`${first} (skipped: mine can't)`]);
  });

  it("takes no skip of a scenario that does not exist, nor one without a reason", () => {
    const { framework } = noting();
    const [first = ""] = scenarioNames();
    const skipping = (test: string, reason: string) => () =>
      testBackend("mine", create, { ...framework, skip: [{ test, reason }] });
    expect(skipping("flies", "mine can't")).toThrow("no scenario");
    expect(skipping(first, " ")).toThrow("needs a reason");
  });

  it("expects a log of every scenario and of nothing else", () => {
    for (const { name, scenarios } of themes) {
      const expected = parseExpected(readFileSync(expectedFile(name), "utf8"));
      expect(Object.keys(expected)).toEqual(scenarios.map((scenario) => scenario.name));
    }
  });

  it("writes expected logs as it reads them", () => {
    const text = readFileSync(expectedFile("sub-agents"), "utf8");
    expect(formatExpected(parseExpected(text))).toBe(text);
  });
});
