/**
 * What must be true of a run however its processes died, as a list of what is not.
 *
 * The ledger says what was executed, the log says what was recorded; neither is believed without the other.
 */
import { isDeepStrictEqual } from "node:util";
import { isKind, type Entry, type EntryOf } from "../../packages/omniforge/src/protocol/entry.ts";
import { textOf } from "../../packages/omniforge/src/protocol/message.ts";
import { emptyHead } from "../../packages/omniforge/src/store/decide.ts";
import { project } from "../../packages/omniforge/src/store/project.ts";
import { difference } from "./compare-logs.ts";
import type { LedgerLine } from "./ledger.ts";
import { finalText, rootTask } from "./program/agents.ts";
import type { RunLeft, TaskLeft } from "./read-run.ts";

/** A run that nobody disturbed, and how often this one was killed. */
export interface Expected {
  readonly recording: RunLeft;
  readonly kills: number;
  /** Whether the order of people's inputs is the recording's too. Default true. */
  readonly sameOrder?: boolean;
}

/** Every promise that this run broke, as sentences. */
export function brokenPromises(run: RunLeft, expected: Expected): readonly string[] {
  const { recording, kills, sameOrder = true } = expected;
  const missing = recording.tasks.length - run.tasks.length;
  return [
    ...(run.integrity === "ok" ? [] : [`the database is damaged: ${run.integrity}`]),
    ...(missing === 0 ? [] : [`${run.tasks.length} tasks instead of ${recording.tasks.length}`]),
    ...wrongEnding(run),
    ...run.tasks.flatMap(wrongHead),
    ...run.tasks.flatMap(wrongInputs),
    ...run.tasks.flatMap((task) => wrongExecutions(task, run.ledger, kills)),
    ...(sameOrder ? run.tasks.flatMap((task, index) => wrongLog(task, recording.tasks[index])) : []),
    ...withoutRecord(run),
  ];
}

function wrongEnding({ tasks }: RunLeft): string[] {
  const ended = tasks.find(({ row }) => row.task === rootTask)?.entries.find(isKind("ended"));
  const text = ended === undefined ? "nothing" : `${ended.body.state}: ${textOf(ended.body.parts)}`;
  return text === `completed: ${finalText}` ? [] : [`the task came to ${text}`];
}

/** W1: seqs without a gap, and the head is what the log says. */
function wrongHead({ row, entries }: TaskLeft): string[] {
  const gap = entries.find((entry, index) => entry.seq !== index + 1);
  const { tenant, task, agent, engine, loopVersion, root, depth, workspace, parent, parentKey, createdAt } =
    row;
  const created = entries.find(isKind("created"));
  const empty = emptyHead({
    tenant,
    task,
    agent,
    engine,
    loopVersion,
    root,
    depth,
    specs: { hash: row.specHash, set: { v: 1, root: agent, agents: {} } },
    limits: created?.body.limits ?? row.limits,
    message: { id: "", message: { v: 1, role: "user", parts: [] } },
    at: createdAt,
    ...(workspace !== null && { workspace }),
    ...(parent !== null && parentKey !== null && { parent: { task: parent, key: parentKey } }),
  });
  const head = entries.reduce(project, empty);
  const stored = new Map<string, unknown>(Object.entries(row));
  const fields = Object.entries(head).filter(
    ([field, value]) => !isDeepStrictEqual(value, stored.get(field)),
  );
  return [
    ...(gap === undefined ? [] : [`${task}: a gap before seq ${gap.seq}`]),
    ...fields.map(
      ([field, value]) => `${task}: the head's ${field} is not ${JSON.stringify(value)}, as the log says`,
    ),
  ];
}

/** P1, P3: what was accepted is taken or answered, once. */
function wrongInputs({ row, entries }: TaskLeft): string[] {
  const took = entries.filter(isKind("reply")).flatMap(({ body }) => body.took);
  const said = entries.filter(isKind("message")).map(({ body }) => body.id);
  const asked = entries.filter(isKind("request")).map(({ body }) => body.id);
  const answered = entries.filter(isKind("input")).map(({ body }) => `${body.id} ${body.outcome}`);
  return [
    ...(took.toSorted().join() === said.toSorted().join()
      ? []
      : [`${row.task}: said ${said.join()}, taken ${took.join()}`]),
    ...(answered.toSorted().join() ===
    asked
      .map((id) => `${id} answered`)
      .toSorted()
      .join()
      ? []
      : [`${row.task}: asked ${asked.join()}, answered ${answered.join()}`]),
  ];
}

/** Nothing lost, nothing finished repeated, and of what was in flight at a crash only what its class allows. */
function wrongExecutions({ row, entries }: TaskLeft, ledger: readonly LedgerLine[], kills: number): string[] {
  return entries.flatMap((outcome) => {
    if (outcome.key === undefined || !isOutcome(outcome)) return [];
    const key = `${row.task}/${outcome.key}`;
    const mine = ledger.filter((line) => line.key === key);
    const started = mine.filter((line) => line.phase === "start");
    const problem = (what: string): string[] => [
      `${key}: ${what} (${mine.map((line) => `${line.phase} in ${line.process}`).join(", ")})`,
    ];
    if (started.some((line) => line.at > outcome.at))
      return problem("executed again after its outcome was recorded");
    if (effectsOf(entries, outcome.key) === "once") return wrongOnce(outcome, mine, kills).flatMap(problem);
    const isExecuted = outcome.kind !== "reply" || outcome.body.outcome !== "context-full";
    if (isExecuted && isRun(entries, outcome) && !mine.some((line) => line.phase === "end"))
      return problem("recorded, but it never took effect");
    const failures = mine.filter((line) => line.phase === "failed").length;
    return started.length > 1 + failures + kills
      ? problem(`started ${started.length} times in ${kills} kills`)
      : [];
  });
}

/** K3: at most one execution, and where its outcome was lost the log says so. */
function wrongOnce(outcome: Entry, mine: readonly LedgerLine[], kills: number): string[] {
  const starts = mine.filter((line) => line.phase === "start").length;
  const isUnknown = outcome.kind === "result" && outcome.body.status === "unknown";
  if (starts > 1) return ["a once tool was repeated"];
  if (isUnknown) return kills === 0 ? ["unknown although nobody was killed"] : [];
  return mine.some((line) => line.phase === "end") ? [] : ["recorded, but it never took effect"];
}

/** Every execution belongs to a step that the log has. */
function withoutRecord({ tasks, ledger }: RunLeft): string[] {
  const recorded = new Set(
    tasks.flatMap(({ row, entries }) => entries.map((entry) => `${row.task}/${entry.key ?? ""}`)),
  );
  return [...new Set(ledger.map(({ key }) => key))]
    .filter((key) => !recorded.has(key))
    .map((key) => `${key}: executed, but not in the log`);
}

const isOutcome = (entry: Entry): entry is EntryOf<"reply" | "result" | "compaction"> =>
  entry.kind === "reply" || entry.kind === "result" || entry.kind === "compaction";

function effectsOf(entries: readonly Entry[], key: string): string | undefined {
  return callOf(entries, key)?.effects;
}

/** Whether something was executed for this outcome: questions are asked and sub-agents collected. */
function isRun(entries: readonly Entry[], outcome: EntryOf<"reply" | "result" | "compaction">): boolean {
  return outcome.kind !== "result" || callOf(entries, outcome.key ?? "")?.runs === "tool";
}

function callOf(
  entries: readonly Entry[],
  key: string,
): EntryOf<"reply">["body"]["calls"][number] | undefined {
  return entries
    .filter(isKind("reply"))
    .flatMap(({ body }) => body.calls)
    .find((call) => call.key === key);
}

/** The log is the recording's, but for results that are unknown and say so. */
function wrongLog({ row, entries }: TaskLeft, recorded: TaskLeft | undefined): string[] {
  const unknown = new Set(
    entries
      .filter(isKind("result"))
      .flatMap(({ body, key }) => (body.status === "unknown" ? (key ?? []) : [])),
  );
  const explained = entries.map((entry) =>
    unknown.has(entry.key ?? "") ? (recorded?.entries.find(({ key }) => key === entry.key) ?? entry) : entry,
  );
  const differs = difference(explained, recorded?.entries ?? []);
  return differs === undefined
    ? []
    : [`${row.task}: the log differs from an undisturbed run's in ${differs}`];
}
