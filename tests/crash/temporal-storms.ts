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

/** Kills what all workers need, and has it back a moment later. */
export function killed(random: Random, times: number, restart: () => Promise<void>) {
  return ({ worker, stop }: Beside): Promise<number> =>
    again(random, times, stop, async () => {
      if ((await worker()?.active) === undefined) return false;
      await pause(random.below(600), stop);
      if (stop.aborted) return false;
      await restart();
      return true;
    });
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
