/** Resolves after this time; rejects with the signal's reason when it aborts first. Leaves no listener behind. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const reason = (): Error => (signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
    if (signal?.aborted === true) return reject(reason());
    const abort = (): void => {
      clearTimeout(timer);
      reject(reason());
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      },
      Math.min(ms, 2_147_483_647),
    );
    signal?.addEventListener("abort", abort, { once: true });
  });
}
