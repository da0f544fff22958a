import { expect, test } from "vitest";
import { entryBodies, type Entry } from "omniforge/protocol";
import { planOf } from "./seeds.ts";
import { simulate } from "./simulate.ts";

/** What a log shows of what has happened. */
function signs(entry: Entry): readonly string[] {
  switch (entry.kind) {
    case "reply":
      return [`reply ${entry.body.outcome}`];
    case "result":
      return [
        `outcome ${entry.body.status}`,
        ...(entry.body.error?.code === "POISONED" ? ["a poisoned step"] : []),
      ];
    case "request":
      return [`request ${entry.body.kind}`];
    case "input":
      return [`input ${entry.body.answer?.decision ?? entry.body.outcome}`];
    case "ended":
      return [`task ${entry.body.state}`];
    case "attempt":
      return [`attempt ${entry.body.error.code}`];
    case "compaction":
      return [`compaction ${entry.body.outcome}`];
    default:
      return [];
  }
}

const expected = [
  ...["answer", "calls", "limit", "context-full", "failed"].map((one) => `reply ${one}`),
  ...["result", "error", "timeout", "unknown", "refused", "canceled"].map((one) => `outcome ${one}`),
  ...["approval", "question", "limit"].map((one) => `request ${one}`),
  ...["approve", "reject", "answer", "expired", "withdrawn"].map((one) => `input ${one}`),
  ...["completed", "failed", "canceled"].map((one) => `task ${one}`),
  ...["MODEL_FAILED", "TOOL_FAILED", "TOOL_TIMEOUT", "TOOL_NOT_HERE"].map((one) => `attempt ${one}`),
  ...["compacted", "failed"].map((one) => `compaction ${one}`),
  // Nothing writes artifacts yet.
  ...Object.keys(entryBodies).filter((kind) => kind !== "artifact"),
  "a receipt that came too late",
  "a sub-agent of a sub-agent",
  "a poisoned step",
];

test("two thousand simulations come to everything that a log can hold", { timeout: 120_000 }, async () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 2_000; seed++) {
    const { tasks, ledger } = await simulate(planOf(seed));
    if (ledger.receipts.length > 0) seen.add("a receipt that came too late");
    for (const { row, log } of tasks.values()) {
      if (row.depth > 1) seen.add("a sub-agent of a sub-agent");
      for (const entry of log) for (const sign of [entry.kind, ...signs(entry)]) seen.add(sign);
    }
  }
  expect(expected.filter((one) => !seen.has(one))).toEqual([]);
});
