/** Waiting for what a tool's author wrote beside its function (a rule, a preview): not for ever. */
import type { StepWorld } from "./step.ts";

/** What it answers, or undefined once the time is over: it may go on, and nobody listens. Throws what it throws. */
export async function inTime<Value>(
  { sleep }: StepWorld,
  ms: number,
  answer: () => Promise<Value> | Value,
): Promise<Value | undefined> {
  const done = new AbortController();
  try {
    const over = sleep(ms, done.signal).then(nothing, nothing);
    return await Promise.race([answer(), over]);
  } finally {
    done.abort(isOver);
  }
}

const nothing = (): undefined => undefined;

/** Made once: an abort without a reason makes a DOMException with its stack each time. */
const isOver = new Error("the time is over");
