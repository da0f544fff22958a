/**
 * The crash harness: a program is run once undisturbed, then again and again, each time killed somewhere else, and what
 * every run leaves behind is checked against what OmniForge promises.
 */
import { canTrace } from "./system-calls.ts";
import { moments as allMoments, type Kill, type Moment } from "./kill-plan.ts";
import { killAt, record, sideBySide, type RecordOptions, type Recording } from "./kill-runs.ts";
import { reportOf, type CrashReport } from "./report.ts";
import { chooseSeed, seeded, shuffled, type Random } from "./seeded.ts";

export interface CrashOptions extends RecordOptions {
  /** Chooses order and samples; printed in the report. Default: CRASH_SEED of the environment, else any. */
  readonly seed?: number;
  /** Default: before, during and after. */
  readonly moments?: readonly Moment[];
  /** At most so many runs with one kill at a point. Default: each point at each moment. */
  readonly singles?: number;
  /** Runs with a second kill after the first: soon after it, or at a later point. Default none. */
  readonly pairs?: number;
  /** Runs with a kill at a write or sync of the operating system, by strace. Default none. */
  readonly systemCalls?: number;
  /** Exactly these runs, and no others: what a report gives to replay. */
  readonly plans?: readonly (readonly Kill[])[];
  /** After this time no further run begins, once `atLeast` have. Default: no limit. */
  readonly budgetMs?: number;
  readonly atLeast?: number;
  /** Processes side by side. Default 2. */
  readonly lanes?: number;
  /** Told of each broken promise as it is found. */
  readonly onBroken?: (sentence: string) => void;
}

/**
 * Runs the program of this module under fire.
 *
 * Its default export makes the agent (see `defineCrashProgram`). Throws where the program does not keep the promises even
 * undisturbed; what it breaks when it is killed is in the report.
 */
export async function testCrashes(program: string | URL, options: CrashOptions = {}): Promise<CrashReport> {
  const { budgetMs = Infinity, atLeast = 0, lanes = 2, onBroken, ...rest } = options;
  const {
    seed = chooseSeed(),
    moments = allMoments,
    singles,
    pairs = 0,
    systemCalls = 0,
    plans,
    ...how
  } = rest;
  const until = Date.now() + budgetMs;
  const tracing = systemCalls > 0 ? canTrace() : undefined;
  const recording = await record(program, how);
  const traced =
    tracing?.possible === true ? (await record(program, { ...how, systemCalls: true })).calls : [];
  const random = seeded(seed);
  const all =
    plans ??
    shuffled(
      [
        ...shuffled(singlePlans(recording, moments, random), random).slice(0, singles ?? Infinity),
        ...Array.from({ length: pairs }, () => pairPlan(recording, moments, random)),
        ...shuffled(traced, random)
          .slice(0, systemCalls)
          .map((one) => [one]),
      ],
      random,
    );
  const run = async (plan: readonly Kill[]): Promise<Awaited<ReturnType<typeof killAt>>> => {
    const killed = await killAt(recording, plan, how);
    for (const problem of killed.problems) onBroken?.(`killed ${killed.name}: ${problem}`);
    return killed;
  };
  const sure = await sideBySide(all.slice(0, atLeast), run, { lanes });
  const more = await sideBySide(all.slice(atLeast), run, { lanes, until });
  return reportOf({
    seed,
    recording,
    planned: all.length,
    traced: traced.length,
    tracing,
    runs: [...sure, ...more],
  });
}

/** Each point at each moment. */
function singlePlans(recording: Recording, moments: readonly Moment[], random: Random): readonly Kill[][] {
  return recording.points.flatMap((passed) => moments.map((moment) => [killOf(passed, moment, random)]));
}

function killOf(
  { point, hit, beganAt, endedAt = beganAt }: Recording["points"][number],
  moment: Moment,
  random: Random,
): Kill {
  if (moment !== "during") return { point, hit, moment };
  return { point, hit, moment, afterMs: (endedAt - beganAt) * random.fraction() };
}

/** The second kill falls soon after the restart, or at a point that the first process did not come to. */
function pairPlan({ points }: Recording, moments: readonly Moment[], random: Random): readonly Kill[] {
  const pick = (from: number): number => from + random.below(Math.max(1, points.length - from));
  const kill = (index: number): Kill | undefined => {
    const passed = points[index];
    const moment = moments[random.below(moments.length)];
    return passed && moment && killOf(passed, moment, random);
  };
  const first = pick(0);
  const second: Kill | undefined =
    random.below(2) === 0 ? { nth: 1 + random.below(24) } : kill(pick(first + 1));
  return [kill(first), second].flatMap((one) => one ?? []);
}
