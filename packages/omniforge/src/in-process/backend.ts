/**
 * The default backend: tasks run in this process, over an embedded store, and survive its death.
 */
import type { Backend, BackendFactory } from "../backend/backend.ts";
import { sweepOrphans } from "../backend/reconcile.ts";
import { endCanceled } from "./end-canceled.ts";
import { Runner, type RunnerOptions } from "./runner.ts";
import { realTimers } from "./timers.ts";

export type InProcessOptions = Partial<RunnerOptions>;

const defaults: RunnerOptions = {
  slots: 64,
  tasks: 1_000,
  pollMs: 50,
  beatMs: 500,
  leaseMs: 5_000,
  stopGraceMs: 5_000,
  onError: (error) => process.emitWarning(error instanceof Error ? error : String(error)),
  timers: realTimers,
};

const sweepMs = 2_000;
/** Who gives an order hears that it is kept before its first step takes this thread; in milliseconds. */
const startAfterMs = 1;

/** Runs tasks in this process. `work: false` only tells other processes, through the store, and ends what they left cancelled. */
export function inProcess(options: InProcessOptions = {}): BackendFactory {
  return async (world, { work }) => {
    const settings = { ...defaults, ...options };
    const runner = work ? new Runner(world, settings) : undefined;
    // First: what can't start leaves nothing behind that looks at its store.
    await runner?.start();
    let sweeping = false;
    const clearSweep = settings.timers.every(sweepMs, () => {
      if (sweeping) return;
      sweeping = true;
      sweepOrphans(world, backend, settings.onError)
        .catch(settings.onError)
        .finally(() => {
          sweeping = false;
        });
    });
    const pump = (): Promise<void> => {
      runner?.pump();
      return Promise.resolve();
    };
    const backend: Backend = {
      name: "in-process",
      start() {
        settings.timers.after(startAfterMs, () => runner?.pump());
        return Promise.resolve();
      },
      wake: pump,
      async cancel(reference) {
        if (runner === undefined) return endCanceled(world, reference);
        runner.abort(reference);
        return pump();
      },
      async describe(reference) {
        const row = await world.store.row(reference);
        if (row === undefined) return "not-found";
        return row.endedSeq === null ? "running" : "closed";
      },
      async isAnyoneWorking() {
        const owners = await world.store.executions.owners();
        return owners.some(({ dead }) => !dead);
      },
      // The log is all there is, and it was erased.
      forget: () => Promise.resolve(true),
      async close() {
        clearSweep();
        await runner?.stop();
      },
    };
    return backend;
  };
}
