/**
 * Ctrl-C and termination: once stops gracefully, twice cancels the task, three times ends at once.
 *
 * npm may pass the terminal's own Ctrl-C on once more, so what follows within moments is the same one.
 */
import { setTimeout as sleep } from "node:timers/promises";

const sameMs = 150;
/** How long a second Ctrl-C is waited for, where stopping takes no time at all. */
const secondChanceMs = 1_000;

export interface Interrupts {
  /** Aborted by the first. */
  readonly stop: AbortSignal;
  /** Aborted by the second. */
  readonly cancel: AbortSignal;
  /** As if the person had pressed Ctrl-C: a prompt that holds the keyboard gets it as a key. */
  readonly interrupt: () => void;
  /** Resolves when a person who pressed Ctrl-C has had the time to press it again, or did. */
  readonly secondChance: () => Promise<void>;
  /** As if it had been told to stop, without meaning to cancel. */
  readonly stopNow: () => void;
  readonly release: () => void;
}

/** Listens until released. */
export function catchInterrupts(endNow: () => void = () => process.exit(130)): Interrupts {
  const [stop, cancel] = [new AbortController(), new AbortController()];
  let [last, count] = [0, 0];
  const interrupt = (): void => {
    const now = performance.now();
    if (count > 0 && now - last < sameMs) return;
    last = now;
    count++;
    if (count === 1) stop.abort();
    else if (count === 2) cancel.abort();
    else endNow();
  };
  const stopNow = (): void => stop.abort();
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", stopNow);
  process.on("SIGHUP", stopNow);
  return {
    stop: stop.signal,
    cancel: cancel.signal,
    interrupt,
    stopNow,
    async secondChance() {
      if (count === 0) return;
      const left = Math.max(0, secondChanceMs - (performance.now() - last));
      await sleep(left, undefined, { signal: cancel.signal }).catch(() => undefined);
    },
    release() {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", stopNow);
      process.off("SIGHUP", stopNow);
    },
  };
}
