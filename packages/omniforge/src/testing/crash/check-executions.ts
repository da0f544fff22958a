/**
 * What the ledger says was executed, against what the log says was recorded: nothing lost, nothing finished repeated, and
 * of what was in flight at a crash only what its class allows.
 */
import { isKind, type Entry, type EntryOf } from "../../protocol/entry.ts";
import { notStarted, type LedgerLine } from "./ledger.ts";
import type { Expected } from "./check-run.ts";
import type { RunLeft, TaskLeft } from "./read-run.ts";

type Outcome = EntryOf<"reply" | "result" | "compaction">;
type Call = EntryOf<"reply">["body"]["calls"][number];

/** Every promise about executions that a run broke, as sentences. */
export function brokenExecutions(
  run: RunLeft,
  { kills, stoodStill = false }: Pick<Expected, "kills" | "stoodStill">,
): readonly string[] {
  return [
    ...run.tasks.flatMap((task) => wrongExecutions(task, run.ledger, kills, stoodStill)),
    ...repeatedEffects(run),
    ...withoutRecord(run),
  ];
}

function wrongExecutions(
  { row, entries }: TaskLeft,
  ledger: readonly LedgerLine[],
  kills: number,
  stoodStill: boolean,
): string[] {
  return entries.filter(isOutcome).flatMap((outcome) => {
    const { key: step = "" } = outcome;
    const key = `${row.task}/${step}`;
    const mine = ledger.filter((line) => line.key === key);
    const starts = mine.filter((line) => line.phase === "start");
    const failures = mine.filter((line) => line.phase === "failed");
    const again = failures.filter((line) => line.what === notStarted);
    const problem = (what: string): string[] => [
      `${key}: ${what} (${mine.map((line) => `${line.phase} in ${line.process}`).join(", ")})`,
    ];
    if (!stoodStill && starts.some((line) => line.recorded))
      return problem("executed again after its outcome was recorded");
    const call = callOf(entries, step);
    if (call?.effects === "once" && starts.length > 1 + again.length)
      return problem("a once tool was repeated");
    if (isUnknown(outcome)) return kills === 0 ? problem("unknown although nobody was killed") : [];
    if (isExecuted(outcome, call) && !mine.some((line) => line.phase === "end"))
      return problem("recorded, but it was never executed to its end");
    return starts.length > 1 + failures.length + kills
      ? problem(`started ${starts.length} times in ${kills} kills`)
      : [];
  });
}

/** An effect happens once for each key, whatever the class: executing an idempotent call again has none. */
function repeatedEffects({ ledger, tasks }: RunLeft): string[] {
  const effects = ledger.filter((line) => line.phase === "effect");
  const named = effects.map(({ key, what = "" }) => `${key} ${what}`);
  return [...new Set(named)].flatMap((name) => {
    const times = named.filter((other) => other === name).length;
    if (times === 1) return [];
    const [key = "", ...what] = name.split(" ");
    const call = tasks.flatMap(({ row, entries }) =>
      key.startsWith(`${row.task}/`) ? (callOf(entries, key.slice(row.task.length + 1)) ?? []) : [],
    );
    const declared =
      call[0] === undefined ? "" : `, though ${call[0].name} declares effects: ${call[0].effects}`;
    return [`${key}: "${what.join(" ")}" took effect ${times} times${declared}`];
  });
}

/** Every execution belongs to a step that the log has. */
function withoutRecord({ tasks, ledger }: RunLeft): string[] {
  const recorded = new Set(
    tasks.flatMap(({ row, entries }) => entries.map((entry) => `${row.task}/${entry.key ?? ""}`)),
  );
  const executed = ledger.filter(({ phase }) => phase === "start" || phase === "effect");
  return [...new Set(executed.map(({ key }) => key))]
    .filter((key) => !recorded.has(key))
    .map((key) => `${key}: executed, but not in the log`);
}

export const isUnknown = (entry: Entry): boolean =>
  entry.kind === "result" && entry.body.status === "unknown";

const isOutcome = (entry: Entry): entry is Outcome =>
  entry.kind === "reply" || entry.kind === "result" || entry.kind === "compaction";

/** Whether something came back for this outcome: questions are asked, sub-agents collected, limits met. */
function isExecuted(outcome: Outcome, call: Call | undefined): boolean {
  if (outcome.kind === "reply") return outcome.body.outcome === "answer" || outcome.body.outcome === "calls";
  if (outcome.kind === "compaction") return outcome.body.outcome === "compacted";
  return outcome.body.status === "result" && call?.runs === "tool";
}

function callOf(entries: readonly Entry[], key: string): Call | undefined {
  return entries
    .filter(isKind("reply"))
    .flatMap(({ body }) => body.calls)
    .find((call) => call.key === key);
}
