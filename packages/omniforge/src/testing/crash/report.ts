/** What a run of the harness came to, for programs and for people. */
import type { Kill } from "./kill-plan.ts";
import type { Killed, Recording } from "./kill-runs.ts";
import type { Tracing } from "./system-calls.ts";

/** A promise that was not kept, and how to see it again. */
export interface BrokenPromise {
  readonly problem: string;
  /** In words: where its processes were killed. */
  readonly killed: string;
  /** Given as `plans: [plan]`, it is run again. */
  readonly plan: readonly Kill[];
  /** What the run left: database, ledger, points. */
  readonly directory: string;
}

export interface CrashReport {
  readonly seed: number;
  /** Writes, executions and effects of the undisturbed run; each is killed before, during and after. */
  readonly points: number;
  /** System calls of the undisturbed run; none where they were not asked for, or processes can't be traced. */
  readonly systemCalls: number;
  /** Why system calls were left out, though they were asked for. */
  readonly skipped: string | undefined;
  readonly planned: number;
  readonly runs: number;
  readonly kills: number;
  /** Runs that ended before they came to the place of their first kill. */
  readonly missed: number;
  /** Runs in which an outcome was lost, and the log says so. */
  readonly unknown: number;
  readonly broken: readonly BrokenPromise[];
  /** The whole of it in a few lines. */
  readonly text: string;
}

export interface Counted {
  readonly seed: number;
  readonly recording: Recording;
  readonly planned: number;
  readonly traced: number;
  readonly tracing: Tracing | undefined;
  readonly runs: readonly Killed[];
}

export function reportOf({ seed, recording, planned, traced, tracing, runs }: Counted): CrashReport {
  const broken = runs.flatMap(({ name, plan, problems, directory = "" }) =>
    problems.map((problem) => ({ problem, killed: name, plan, directory })),
  );
  const report = {
    seed,
    points: recording.points.length,
    systemCalls: traced,
    skipped: tracing?.possible === false ? tracing.reason : undefined,
    planned,
    runs: runs.length,
    kills: runs.reduce((sum, one) => sum + one.kills, 0),
    missed: runs.filter(({ kills }) => kills === 0).length,
    unknown: runs.filter(({ unknown }) => unknown).length,
    broken,
  };
  return { ...report, text: textOf(report) };
}

function textOf(report: Omit<CrashReport, "text">): string {
  const { points, systemCalls, skipped, planned, runs, kills, missed, unknown, broken, seed } = report;
  const calls = skipped === undefined ? `${systemCalls} system calls` : `no system calls (${skipped})`;
  return [
    `${points} points and ${calls}; ${runs} of ${planned} runs, ${kills} kills, ${missed} runs never came to their point,` +
      ` ${unknown} with an unknown outcome; ${broken.length} broken promises; CRASH_SEED=${seed}`,
    ...broken.map(
      ({ problem, killed, plan, directory }) =>
        `killed ${killed}: ${problem}\n  in ${directory}\n  replay: plans: [${JSON.stringify(plan)}]`,
    ),
  ].join("\n");
}
