/**
 * Runs a worker, and another one in its place when it fails: running out of memory in its workflow thread, say, ends a
 * worker but not its process.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** What is needed of a worker. */
export interface Runs {
  /** Resolves once it has been shut down; rejects when it has failed. */
  run(): Promise<void>;
  shutdown(): void;
  getState(): string;
}

/** A worker that failed is replaced after this time. */
const restartMs = 1_000;

/** Runs the first worker and its replacements; the returned function shuts down, and resolves when nothing runs. */
export function keepRunning(
  first: Runs,
  make: () => Promise<Runs>,
  onError: (error: unknown) => void,
  pauseMs = restartMs,
): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  let current: Runs | undefined = first;

  async function runAll(): Promise<void> {
    while (!signal.aborted) {
      try {
        current ??= await make();
        const run = current.run();
        // Told to stop while this one was being made.
        if (signal.aborted) current.shutdown();
        await run;
      } catch (thrown) {
        onError(thrown);
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      }
      current = undefined;
    }
  }

  const running = runAll();
  return async () => {
    stopping.abort();
    if (current?.getState() === "RUNNING") current.shutdown();
    await running;
  };
}
