/** What is checked after a crash can fail: each broken promise is found in a run that was tampered with. */
import { beforeAll, describe, expect, it } from "vitest";
import { entryVersion, type Entry } from "../../packages/omniforge/src/protocol/entry.ts";
import { brokenPromises } from "../../packages/omniforge/src/testing/crash/check-run.ts";
import { record } from "../../packages/omniforge/src/testing/crash/kill-runs.ts";
import type { LedgerLine } from "../../packages/omniforge/src/testing/crash/ledger.ts";
import type { RunLeft } from "../../packages/omniforge/src/testing/crash/read-run.ts";

let recording: RunLeft;
beforeAll(async () => {
  recording = (await record(new URL("program/everything.ts", import.meta.url))).left;
});

const pay = "crash/1/tool/2";
const look = "crash/1/tool/0";

function broken(tampered: Partial<RunLeft>, kills = 1, indifferent = true): readonly string[] {
  return brokenPromises({ ...recording, ...tampered }, { recording, kills, indifferent });
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
    expect(broken(lost)).toEqual([
      expect.stringContaining(`${look}: recorded, but it was never executed to its end`),
    ]);
  });

  it("finds a finished step that was executed again", () => {
    const again = withLedger((lines) => [
      ...lines,
      { phase: "start", key: look, process: 1, recorded: true },
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
    const stray = withLedger((lines) => [...lines, { phase: "start", key: "crash/9/tool/0", process: 0 }]);
    expect(broken(stray)).toEqual([expect.stringContaining("crash/9/tool/0: executed, but not in the log")]);
  });

  it("finds an entry that is missing, a head that does not follow, and a log that differs", () => {
    const found = broken(withLog((entries) => entries.filter(({ kind }) => kind !== "compaction"))).join(
      "\n",
    );
    expect(found).toContain("W1: entry");
    expect(found).toContain("W1: the log makes epoch");
    expect(found).toContain("the log differs");
  });

  it("finds a message that nobody took, and what people were told to have been taken down and was not", () => {
    expect(broken(withLog((entries) => entries.map(takingNothing))).join("\n")).toContain(
      "crash/said-0: accepted, and never taken",
    );
    const lost = broken(withLog((entries) => entries.filter(({ kind }) => kind !== "input")));
    expect(lost.join("\n")).toContain("crash/2/tool/0: accepted, and never taken");
  });

  it("finds an answer that came twice", () => {
    const twice = withLog((entries) =>
      entries.flatMap((one): Entry[] => (one.kind === "input" ? [one, one] : [one])),
    );
    expect(broken(twice).join("\n")).toContain("P1: request 2/tool/0 has two answers");
  });

  it("finds an effect that happened twice, whatever its tool declares", () => {
    const twice = withLedger((lines) =>
      lines.flatMap((line) => (line.phase === "effect" && line.what === "print" ? [line, line] : [line])),
    );
    expect(broken(twice)).toEqual([
      'crash/2/tool/3: "print" took effect 2 times, though print declares effects: idempotent',
    ]);
  });

  it("takes another log after an unknown outcome for explained only where the model may answer to it", () => {
    const entries = recording.tasks[0]?.entries ?? [];
    const unknown = { name: "send", status: "unknown" as const, parts: [] };
    const changed = withLog((log) =>
      log.map((one): Entry => {
        if (one.kind === "result" && one.key === "2/tool/0") return { ...one, body: unknown };
        if (one.kind === "compaction" || one.kind === "ended") return { ...one, at: one.at };
        if (one.kind !== "reply" || one.body.turn < 4) return one;
        return { ...one, body: { ...one.body, stop: "differs" } };
      }),
    );
    expect(entries.length).toBeGreaterThan(0);
    expect(broken(changed, 1, false)).toEqual([]);
    expect(broken(changed, 1, true)).toEqual([expect.stringContaining("the log differs")]);
    const early = { tasks: changed.tasks ?? [] };
    const before = early.tasks.map((task, index) =>
      index > 0
        ? task
        : {
            ...task,
            entries: task.entries.map((one): Entry =>
              one.kind === "reply" && one.body.turn === 1
                ? { ...one, body: { ...one.body, stop: "differs" } }
                : one,
            ),
          },
    );
    expect(broken({ tasks: before }, 1, false)).toEqual([expect.stringContaining("the log differs")]);
  });

  it("finds a task that has not ended and a damaged database", () => {
    const open = {
      tasks: recording.tasks.map((task) => ({ ...task, row: { ...task.row, endedSeq: null } })),
    };
    expect(broken(open).join("\n")).toContain("crash: it has not ended");
    expect(broken({ integrity: "row 3 missing from index" })).toEqual([
      "the database is damaged: row 3 missing from index",
    ]);
  });
});
