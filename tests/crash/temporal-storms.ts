/** What is done beside a run on Temporal: workers that stand still, a server or a database that dies and comes back. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../packages/omniforge/src/testing/crash/seeded.ts";
import type { Beside } from "./temporal-runs.ts";

/** Longer than a step may be without a heartbeat: another worker has it by then. */
const standstillMs = 4_500;

/** Stops the worker so that it is taken for dead, starts another, and lets the first one go on as if nothing had been. */
export function standStill(random: Random, times: number) {
  return ({ worker, another, stop }: Beside): Promise<number> =>
    again(random, times, stop, async () => {
      const stopped = worker();
      if ((await stopped?.active) === undefined || stop.aborted) return false;
      stopped?.child.kill("SIGSTOP");
      await another().active;
      await pause(standstillMs, stop);
      stopped?.child.kill("SIGCONT");
      return true;
    });
}

/** Kills what the others need, one of these each time, and has it back a moment later. */
export function killed(random: Random, times: number, ...restarts: readonly Restart[]) {
  return (run: Beside): Promise<number> =>
    again(random, times, run.stop, async () => {
      if ((await run.worker()?.active) === undefined) return false;
      await pause(random.below(600), run.stop);
      if (run.stop.aborted) return false;
      await restarts[random.below(restarts.length)]?.(run);
      return true;
    });
}

/** Kills something and starts it again. */
export type Restart = (run: Beside) => Promise<void>;

export const restartServing: Restart = async ({ serving }) => serving?.restart();

/** For what several runs share: one of them after another. */
export function inTurn(restart: () => Promise<void>): Restart {
  let last = Promise.resolve();
  return () => (last = last.then(restart));
}

/** So many times, as long as the run is not over; returns how often it was done. */
async function again(
  random: Random,
  times: number,
  stop: AbortSignal,
  perform: () => Promise<boolean>,
): Promise<number> {
  let done = 0;
  while (done < times && !stop.aborted) {
    if (await perform()) done++;
    await pause(300 + random.below(900), stop);
  }
  return done;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
