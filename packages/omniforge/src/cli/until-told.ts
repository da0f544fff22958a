/** Waiting for Ctrl-C, or for being told to stop. */
const signals = ["SIGINT", "SIGTERM"] as const;

/** Resolves with the first of them. */
export function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) process.once(signal, () => resolve());
  });
}
