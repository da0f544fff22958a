/**
 * What must be true of a run however its processes died, as a list of what is not.
 *
 * The ledger says what was executed, the log says what was recorded; neither is believed without the other.
 */
import { isDeepStrictEqual } from "node:util";
import { isKind, type Entry } from "../../protocol/entry.ts";
import { parseStepKey } from "../../protocol/step-key.ts";
import { checkLog } from "../check-log.ts";
import { normalise } from "../normalise.ts";
import { brokenExecutions, isUnknown } from "./check-executions.ts";
import type { CrashProgram } from "./crash-program.ts";
import type { RunLeft } from "./read-run.ts";

/** A run that nobody disturbed, and how often this one was killed. */
export interface Expected extends Pick<CrashProgram, "indifferent"> {
  readonly recording: RunLeft;
  readonly kills: number;
  /**
   * Whether processes stood still: one that had looked into the log before may start what another has recorded meanwhile,
   * but no `once` tool, and its outcome counts for nothing; only what a model's call cost is counted all the same.
   */
  readonly stoodStill?: boolean;
  /** Whether logs are compared with the recording's. Default true. */
  readonly sameLog?: boolean;
}

/** Every promise that this run broke, as sentences. */
export function brokenPromises(run: RunLeft, expected: Expected): readonly string[] {
  const { recording, sameLog = true, stoodStill = false } = expected;
  const [found, wanted] = stoodStill ? [withoutUsage(run), withoutUsage(recording)] : [run, recording];
  return [
    ...(run.integrity === "ok" ? [] : [`the database is damaged: ${run.integrity}`]),
    ...run.tasks.flatMap(({ row, entries }) => checkLog(row, entries)),
    ...run.tasks.flatMap(({ row }) => (row.endedSeq === null ? [`${row.task}: it has not ended`] : [])),
    ...lostInputs(run),
    ...brokenExecutions(run, expected),
    ...(sameLog ? wrongLogs(found, wanted, expected.indifferent === true) : []),
  ];
}

/** P1, P3: what people were told to have been taken down is in the log, and was shown to the model or used. */
function lostInputs({ tasks, ledger }: RunLeft): string[] {
  const accepted = new Set(ledger.flatMap(({ phase, key }) => (phase === "accepted" ? [key] : [])));
  const known = new Set(
    tasks.flatMap(({ row, entries }) => {
      const took = new Set(entries.filter(isKind("reply")).flatMap(({ body }) => body.took));
      const answered = entries.filter(isKind("input")).filter(({ body }) => body.outcome === "answered");
      return [...took, ...answered.map(({ body }) => body.id)].map((id) => `${row.task}/${id}`);
    }),
  );
  return [...accepted].filter((key) => !known.has(key)).map((key) => `${key}: accepted, and never taken`);
}

/** The same tasks with the same logs, or an unknown outcome that explains the difference. */
function wrongLogs(run: RunLeft, recording: RunLeft, indifferent: boolean): string[] {
  const explained = !indifferent && run.tasks.some(({ entries }) => entries.some(isUnknown));
  const missing = recording.tasks.length - run.tasks.length;
  return [
    ...(missing === 0 || explained ? [] : [`${run.tasks.length} tasks instead of ${recording.tasks.length}`]),
    ...run.tasks.flatMap(({ row, entries }) => {
      const recorded = recording.tasks.find((other) => other.row.task === row.task)?.entries ?? [];
      const turn = explained ? firstUnknown(entries) : Infinity;
      const replaced = entries.map((entry) =>
        isUnknown(entry) ? (recorded.find(({ key }) => key === entry.key) ?? entry) : entry,
      );
      const differs = difference(throughTurn(replaced, turn), throughTurn(recorded, turn));
      return differs === undefined
        ? []
        : [`${row.task}: the log differs from an undisturbed run's in ${differs}`];
    }),
  ];
}

/** A sub-agent's result tells its parent what it cost, calls that were made twice included. */
function withoutUsage(left: RunLeft): RunLeft {
  const costless = (one: Entry): Entry => {
    if (one.kind !== "result" || one.body.usage === undefined) return one;
    const { usage: _usage, ...body } = one.body;
    return { ...one, body };
  };
  return { ...left, tasks: left.tasks.map((task) => ({ ...task, entries: task.entries.map(costless) })) };
}

/** The turn up to which a log has no excuse to differ; none where the unknown outcome is another task's. */
function firstUnknown(entries: readonly Entry[]): number {
  const turns = entries.filter(isUnknown).map(({ key = "" }) => parseStepKey(key).turn);
  return turns.length === 0 ? 0 : Math.min(...turns);
}

function throughTurn(entries: readonly Entry[], turn: number): readonly Entry[] {
  const next = entries.findIndex((entry) => entry.kind === "reply" && entry.body.turn > turn);
  return next < 0 ? entries : entries.slice(0, next);
}

/** The first entry in which two logs differ under `normalise`, as a sentence; undefined where they are equal. */
export function difference(found: readonly Entry[], wanted: readonly Entry[]): string | undefined {
  const [left, right] = [normalise(found), normalise(wanted)];
  const longest = Math.max(left.length, right.length);
  const at = Array.from({ length: longest }, (_, index) => index).find(
    (index) => !isDeepStrictEqual(left[index], right[index]),
  );
  if (at === undefined) return undefined;
  const shown = (entry: unknown): string => {
    const text = JSON.stringify(entry) ?? "nothing";
    return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
  };
  return `entry ${at + 1}: ${shown(left[at])} instead of ${shown(right[at])}`;
}

const shownCharacters = 300;
