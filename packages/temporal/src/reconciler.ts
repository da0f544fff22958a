/** Runs the reconciler every few seconds, never twice at once (P5, P2). What fails is reported, and tried again. */
import { isOfEngine, reconcile, type Backend } from "omniforge/backend";
import type { StepWorld } from "omniforge/steps";
import type { ReconcileOptions } from "./options.ts";

/** Starts sweeping; the returned function stops it, after the sweep that is under way. */
export function startReconciler(
  world: StepWorld,
  backend: Backend,
  { everyMs = 5_000, quietMs = 8_000 }: ReconcileOptions,
  onError: (error: unknown) => void,
): () => Promise<void> {
  let stopped = false;
  let sweep = Promise.resolve();
  let known: string | undefined;
  let after: Awaited<ReturnType<typeof reconcile>>;
  let timer = setTimeout(next, everyMs);
  timer.unref();

  function next(): void {
    sweep = reconcile(world, backend, quietMs, onError, after)
      .then((last) => {
        after = last;
        known = undefined;
      })
      .catch((thrown: unknown) => {
        // A server that stays away is news once.
        const code = isOfEngine(thrown) ? thrown.code : undefined;
        if (code === undefined || code !== known) onError(thrown);
        known = code;
      })
      .then(() => {
        if (stopped) return;
        timer = setTimeout(next, everyMs);
        timer.unref();
      });
  }

  return async () => {
    stopped = true;
    clearTimeout(timer);
    await sweep;
  };
}
