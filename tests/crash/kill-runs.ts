/** Recording a run, and running it again with kills. */
import { brokenPromises } from "./check-run.ts";
import type { KillPlan } from "./program/points.ts";
import { readRun, type RunLeft } from "./read-run.ts";
import { inFreshDirectory, passedPoints, runProgram, type RunOptions } from "./run-program.ts";

/** An undisturbed run: the points it passed, each the place of a kill, and what it left. */
export interface Recording {
  readonly points: readonly Extract<KillPlan, { point: string }>[];
  readonly left: RunLeft;
}

/** Runs the program undisturbed. Throws where even that breaks a promise. */
export function record(): Promise<Recording> {
  return inFreshDirectory(async (directory) => {
    const { last } = await runProgram({ directory });
    if (last.code !== 0) throw new Error(`the program does not run: ${last.stderr}`);
    const left = await readRun(directory);
    const problems = brokenPromises(left, { recording: left, kills: 0 });
    if (problems.length > 0)
      throw new Error(`undisturbed, the program breaks promises in ${directory}: ${problems.join("; ")}`);
    return { points: passedPoints(directory, 0).filter(isOfTheRun), left };
  });
}

/** A heart beats by the clock: how often it does during a run is the machine's affair, but for the first time. */
const isOfTheRun = ({ point, hit }: { point: string; hit: number }): boolean =>
  hit === 1 || !point.endsWith(" beat");

/** What one disturbed run came to. No problems: every promise was kept. */
export interface Killed {
  readonly name: string;
  readonly kills: number;
  /** Whether an outcome was lost, and the log says so. */
  readonly unknown: boolean;
  readonly problems: readonly string[];
}

const nameOf = (plan: KillPlan): string =>
  "nth" in plan ? `point ${plan.nth}` : `${plan.point} (${plan.hit})`;

/** Runs the program with a kill at each of these, one process after another, and checks what is left. */
export function killAt(
  recording: Recording,
  plans: readonly KillPlan[],
  options: Omit<RunOptions, "directory" | "plans"> = {},
): Promise<Killed> {
  return killed(recording, plans.map(nameOf).join(", then "), { ...options, plans });
}

/** Runs the program, disturbed in whatever way the options say. */
export async function killed(
  recording: Recording,
  name: string,
  options: Omit<RunOptions, "directory">,
): Promise<Killed> {
  let found: Killed | undefined;
  try {
    await inFreshDirectory(async (directory) => {
      const { kills, last } = await runProgram({ ...options, directory });
      const left = await readRun(directory);
      const expected = { recording: recording.left, kills, sameOrder: options.eager !== true };
      const broken = [
        ...(last.code === 0
          ? []
          : [`the last process ended with ${last.signal ?? last.code}: ${last.stderr}`]),
        ...brokenPromises(left, expected),
      ];
      const problems = broken.map((problem) => `killed at ${name}: ${problem} [${directory}]`);
      found = {
        name,
        kills,
        problems,
        unknown: left.tasks.some(({ entries }) =>
          entries.some((entry) => entry.kind === "result" && entry.body.status === "unknown"),
        ),
      };
      if (problems.length > 0) throw new Kept();
    });
  } catch (thrown) {
    if (!(thrown instanceof Kept)) throw thrown;
  }
  if (found === undefined) throw new Error("the run was not checked");
  return found;
}

/** Keeps a failed run's directory. */
class Kept extends Error {}

/** Runs over all of them, two processes side by side, as the smallest machine has two cores; begins none after `until`. */
export async function twoAtATime<One, Value>(
  all: readonly One[],
  run: (one: One) => Promise<Value>,
  until = Infinity,
): Promise<readonly Value[]> {
  const values: Value[] = [];
  const queue = [...all];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined && Date.now() < until; next = queue.shift())
      values.push(await run(next));
  };
  await Promise.all([worker(), worker()]);
  return values;
}

/** One line for whoever reads the output. */
export function reportOf(recording: Recording, runs: readonly Killed[]): string {
  const kills = runs.reduce((sum, one) => sum + one.kills, 0);
  const unknown = runs.filter((one) => one.unknown).length;
  const failed = runs.filter((one) => one.problems.length > 0).length;
  const missed = runs.filter((one) => one.kills === 0).length;
  return `crash: ${recording.points.length} points recorded, ${runs.length} runs (${missed} of them never came to their point), ${kills} kills, ${unknown} runs with an unknown outcome, ${failed} runs broke a promise`;
}
