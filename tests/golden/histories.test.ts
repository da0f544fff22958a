/**
 * Histories of workflows that stood in every kind of wait are replayed against today's workflow code. A change that strands
 * one is wrong: mend the change (a `patched` branch, a new loop version), never the history.
 */
import { readFile } from "node:fs/promises";
import { DefaultLogger, Runtime } from "@temporalio/worker";
import { beforeAll, describe, expect, it } from "vitest";
import { workflowBundle } from "../../packages/temporal/src/bundle.ts";
import { textIn } from "../temporal/history.ts";
import { courses, labelled, secret } from "./courses.ts";
import { recordedRuns, strandedBy } from "./histories.ts";

const runs = recordedRuns();

/** Changes that look harmless, each in what it makes of the bundle, and a run that it would strand. */
const planted: readonly (readonly [change: string, from: string, to: string, strands: string])[] = [
  [
    "calls that wait are settled before the others run",
    "free.length > 0 ? await fx.callTools(turn, free) : []",
    "[]",
    "tools-running 1",
  ],
  ["a task parks with a longer history", "parkedHistory = 100;", "parkedHistory = 1000;", "parked-anew 1"],
  ["a run ends later", "fullHistory = 500;", "fullHistory = 5000;", "continued-when-long 1"],
  ["fewer calls run at once", "maximumLanes = 32;", "maximumLanes = 16;", "many-calls 1"],
  ["no timer waits for a deadline", "(woken, nextInMs)", "(woken)", "waiting-deadline 1"],
  ["an activity has another name", "quick.settleInputs(", "quick.settle(", "waiting-approval 1"],
  ["a state is shown no more", 'show("working");', "", "approved.labelled 1"],
  ["a sub-agent's end wakes nobody", "wakes.count++;\n            };", "};", "child-ended 2"],
];

describe("the recorded histories", () => {
  let code: string;
  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger("ERROR") });
    code = await readFile((await workflowBundle()).codePath, "utf8");
  }, 60_000);

  it("are of every course, and nobody's words are in them", () => {
    expect(new Set(runs.map(({ name }) => name.split(" ")[0]))).toEqual(
      new Set([...Object.keys(courses), ...labelled.map((name) => `${name}.labelled`)]),
    );
    const telling = runs.filter(({ history }) => textIn(history).includes(secret));
    expect(telling.map(({ name }) => name)).toEqual([]);
  });

  it("are gone on from by today's workflow", async () => {
    expect(await strandedBy({ code }, runs)).toEqual(new Map());
  });

  it.each(planted)("notice when %s", async (_change, from, to, strands) => {
    const changed = code.replace(from, to);
    expect(changed).not.toBe(code);
    const stranded = await strandedBy(
      { code: changed },
      runs.filter(({ name }) => name === strands),
    );
    expect(stranded.get(strands)).toContain("Nondeterminism");
  });
});
