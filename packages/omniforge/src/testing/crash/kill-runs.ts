/** Recording a run, and running it again with kills. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { pointsFile, traits, traitsFile, type Traits } from "./child-options.ts";
import { isUnknown } from "./check-executions.ts";
import { brokenPromises } from "./check-run.ts";
import { nameOf, type Kill } from "./kill-plan.ts";
import { readPoints, type Passed } from "./points.ts";
import { readRun, type RunLeft } from "./read-run.ts";
import { inFreshDirectory, runProcesses, type Exit, type RunOptions } from "./run-processes.ts";
import { readCalls, recordedTo } from "./system-calls.ts";

/** An undisturbed run: the points it passed, and what it left. */
export interface Recording extends Traits {
  /** URL of the module. */
  readonly program: string;
  readonly points: readonly Passed[];
  /** Where its system calls were recorded: those of the main thread on the run's files. */
  readonly calls: readonly Kill[];
  readonly left: RunLeft;
}

export type RecordOptions = Omit<RunOptions, "program" | "directory" | "kills">;

/** The program under fire by its path or URL. */
export function urlOf(program: string | URL): string {
  return program instanceof URL
    ? program.href
    : program.includes("://")
      ? program
      : pathToFileURL(program).href;
}

/** Runs the program undisturbed. Throws where even that breaks a promise. */
export function record(
  program: string | URL,
  options: RecordOptions & { readonly systemCalls?: boolean } = {},
): Promise<Recording> {
  const { systemCalls = false, ...how } = options;
  const url = urlOf(program);
  return inFreshDirectory(async (directory) => {
    const calls = join(directory, "calls.txt");
    const under = systemCalls ? recordedTo(calls) : undefined;
    const { last } = await runProcesses({ ...how, ...(under && { under }), program: url, directory });
    if (last.code !== 0)
      throw new Error(`undisturbed, the program does not come to its end: ${howItEnded(last)}`);
    const left = await readRun(directory);
    const problems = brokenPromises(left, { recording: left, kills: 0 });
    if (problems.length > 0)
      throw new Error(`undisturbed, the program breaks promises in ${directory}: ${problems.join("; ")}`);
    return {
      program: url,
      ...traits.parse(JSON.parse(readFileSync(join(directory, traitsFile), "utf8"))),
      points: readPoints(join(directory, pointsFile(0))).filter(isOfTheRun),
      calls: systemCalls ? readCalls(calls, directory) : [],
      left,
    };
  });
}

/** A heart beats by the clock: how often it does during a run is the machine's affair, but for the first time. */
const isOfTheRun = ({ point, hit }: Passed): boolean => hit === 1 || point !== "beat";

/** What one disturbed run came to. No problems: every promise was kept. */
export interface Killed {
  readonly name: string;
  readonly plan: readonly Kill[];
  readonly kills: number;
  /** Whether an outcome was lost, and the log says so. */
  readonly unknown: boolean;
  readonly problems: readonly string[];
  /** Kept where a promise was broken. */
  readonly directory: string | undefined;
}

/** Runs the program with a kill at each of these, one process after another, and checks what is left. */
export async function killAt(
  recording: Recording,
  plan: readonly Kill[],
  options: RecordOptions = {},
): Promise<Killed> {
  const name = plan.map(nameOf).join(", then ");
  let found: Killed | undefined;
  try {
    await inFreshDirectory(async (directory) => {
      const { program, indifferent, repeatable } = recording;
      const { kills, last } = await runProcesses({ ...options, program, directory, kills: plan });
      const left = await readRun(directory);
      const sameLog = repeatable && options.eager !== true;
      const problems = [
        ...(last.code === 0 ? [] : [`the last process ended ${howItEnded(last)}`]),
        ...brokenPromises(left, { recording: recording.left, kills, sameLog, indifferent }),
      ];
      const unknown = left.tasks.some(({ entries }) => entries.some(isUnknown));
      const isBroken = problems.length > 0;
      found = { name, plan, kills, problems, unknown, directory: isBroken ? directory : undefined };
      if (isBroken) throw new Kept();
    });
  } catch (thrown) {
    if (!(thrown instanceof Kept)) throw thrown;
  }
  if (found === undefined) throw new Error("the run was not checked");
  return found;
}

/** Keeps a failed run's directory. */
class Kept extends Error {}

function howItEnded({ signal, code, stderr }: Exit): string {
  const how = signal === "SIGABRT" ? "because its time was over" : `with ${signal ?? code}`;
  return `${how}${stderr === "" ? "" : `: ${stderr.trim()}`}`;
}

/** Runs over all of them, so many processes side by side; begins none after `until`. */
export async function sideBySide<One, Value>(
  all: readonly One[],
  run: (one: One) => Promise<Value>,
  { lanes = 2, until = Infinity }: { readonly lanes?: number; readonly until?: number } = {},
): Promise<readonly Value[]> {
  const values: Value[] = [];
  const queue = [...all];
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined && Date.now() < until; next = queue.shift())
      values.push(await run(next));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return values;
}
