/** Telling the engine what is in the log already (P2, P5): it may be away, and whoever said it is not to wait for that. */
import { isOfEngine } from "./reconcile.ts";

/** An engine that is there answers in milliseconds; its own client waits much longer for one that is not. */
const patienceMs = 2_000;

interface Telling {
  /** What becomes of it when the engine is away. */
  readonly later?: string;
  /** Whether to wait for the engine as long as its client does. Default: two seconds. */
  readonly isPatient?: boolean;
}

/**
 * Tells the engine; what does not reach it is told by the reconciler later, and a process warning says so.
 *
 * Throws what is wrong with an engine that answers in time.
 */
export async function tellEngine(
  engine: () => Promise<void>,
  {
    later = "What was said is recorded, and goes on when the engine is back.",
    isPatient = false,
  }: Telling = {},
): Promise<void> {
  let isLate = false;
  const away = (message: string): void =>
    process.emitWarning(`${message} ${later}`, { code: "ENGINE_UNREACHABLE" });
  const told = engine().catch((thrown: unknown) => {
    // Also when it comes late: it says which server, and what to do.
    if (isOfEngine(thrown)) return away(thrown.message);
    if (!isLate) throw thrown;
    process.emitWarning(thrown instanceof Error ? thrown : new Error(String(thrown)));
  });
  if (isPatient) return told;
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    away(`The engine has not answered within ${patienceMs / 1_000} s.`);
    isLate = true;
    resolve();
  }, patienceMs);
  try {
    await Promise.race([told, late]);
  } finally {
    clearTimeout(timer);
  }
}
