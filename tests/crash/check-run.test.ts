/** What is checked after a crash can fail: each broken promise is found in a run that was tampered with. */
import { beforeAll, describe, expect, it } from "vitest";
import { entryVersion, type Entry } from "../../packages/omniforge/src/protocol/entry.ts";
import { brokenPromises } from "./check-run.ts";
import { record } from "./kill-runs.ts";
import type { LedgerLine } from "./ledger.ts";
import type { RunLeft } from "./read-run.ts";

let recording: RunLeft;
beforeAll(async () => {
  recording = (await record()).left;
});

const pay = "crash/1/tool/2";
const look = "crash/1/tool/0";

function broken(tampered: Partial<RunLeft>, kills = 1): readonly string[] {
  return brokenPromises({ ...recording, ...tampered }, { recording, kills });
}

function withLedger(change: (lines: readonly LedgerLine[]) => readonly LedgerLine[]): Partial<RunLeft> {
  return { ledger: change(recording.ledger) };
}

/** The root's log, changed. */
function withLog(change: (entries: readonly Entry[]) => readonly Entry[]): Partial<RunLeft> {
  return {
    tasks: recording.tasks.map((task, index) =>
      index === 0 ? { ...task, entries: change(task.entries) } : task,
    ),
  };
}

const replaced = (key: string, made: (old: Entry) => Entry): Partial<RunLeft> =>
  withLog((entries) => entries.map((one) => (one.key === key ? made(one) : one)));

function takingNothing(one: Entry): Entry {
  if (one.kind !== "reply") return one;
  const { v, seq, at, kind, body, key = "" } = one;
  return { v, seq, at, kind, key, body: { ...body, took: [] } };
}

describe("the check of a run", () => {
  it("finds nothing in an undisturbed one", () => expect(broken({}, 0)).toEqual([]));

  it("finds an effect that was lost", () => {
    const lost = withLedger((lines) => lines.filter(({ key, phase }) => key !== look || phase !== "end"));
    expect(broken(lost)).toEqual([expect.stringContaining(`${look}: recorded, but it never took effect`)]);
  });

  it("finds a finished step that was executed again", () => {
    const again = withLedger((lines) => [
      ...lines,
      { phase: "start", key: look, process: 1, at: Date.now() + 60_000 },
    ]);
    expect(broken(again)).toEqual([
      expect.stringContaining(`${look}: executed again after its outcome was recorded`),
    ]);
  });

  it("finds a step that was executed more often than processes died", () => {
    const [first] = recording.ledger.filter(({ key, phase }) => key === look && phase === "start");
    const often = withLedger((lines) => (first === undefined ? lines : [first, first, ...lines]));
    expect(broken(often)).toEqual([expect.stringContaining("started 3 times in 1 kills")]);
    expect(broken(often, 2)).toEqual([]);
  });

  it("finds a once tool that was repeated", () => {
    const [first] = recording.ledger.filter(({ key, phase }) => key === pay && phase === "start");
    const twice = withLedger((lines) => (first === undefined ? lines : [first, ...lines]));
    expect(broken(twice)).toEqual([expect.stringContaining(`${pay}: a once tool was repeated`)]);
  });

  it("takes an unknown outcome for an explanation only where somebody was killed", () => {
    const body = { name: "pay", status: "unknown" as const, parts: [] };
    const unknown = replaced("1/tool/2", ({ seq, at }) => ({
      v: entryVersion,
      seq,
      at,
      kind: "result",
      key: "1/tool/2",
      body,
    }));
    expect(broken(unknown)).toEqual([]);
    expect(broken(unknown, 0)).toEqual([expect.stringContaining("unknown although nobody was killed")]);
  });

  it("finds an execution that the log does not know", () => {
    const stray = withLedger((lines) => [
      ...lines,
      { phase: "start", key: "crash/9/tool/0", process: 0, at: 1 },
    ]);
    expect(broken(stray)).toEqual([expect.stringContaining("crash/9/tool/0: executed, but not in the log")]);
  });

  it("finds an entry that is missing, a head that does not follow, and a log that differs", () => {
    const found = broken(withLog((entries) => entries.filter(({ kind }) => kind !== "compaction"))).join(
      "\n",
    );
    expect(found).toContain("a gap before seq");
    expect(found).toContain("the head's epoch is not");
    expect(found).toContain("the log differs");
  });

  it("finds a message that nobody took and an answer that came twice", () => {
    const untaken = broken(withLog((entries) => entries.map(takingNothing)));
    expect(untaken.join("\n")).toContain("taken ");
    const twice = broken(
      withLog((entries) => entries.flatMap((one): Entry[] => (one.kind === "input" ? [one, one] : [one]))),
    );
    expect(twice.join("\n")).toContain("answered 2/tool/0 answered,2/tool/0 answered");
  });

  it("finds another ending and a damaged database", () => {
    const ended = broken(withLog((entries) => entries.filter(({ kind }) => kind !== "ended"))).join("\n");
    expect(ended).toContain("the task came to nothing");
    expect(broken({ integrity: "row 3 missing from index" })).toEqual([
      "the database is damaged: row 3 missing from index",
    ]);
  });
});
