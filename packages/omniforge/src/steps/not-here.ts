/**
 * What this process lacks, another may have: the step is tried again until one comes, never failed for it. Recorded
 * once, not each time, and not counted as a failure.
 */
import { entry } from "../protocol/entry.ts";
import type { Failure } from "../protocol/error.ts";
import type { StepKey } from "../protocol/step-key.ts";
import { record, type Attempt, type StepResult, type StepWorld } from "./step.ts";
import { failuresOf, type TurnView } from "./turn-view.ts";

const notHereDelayMs = 2_000;

export type NotHereCode = "TOOL_NOT_HERE" | "MODEL_NOT_HERE";

/** Says once in the log what is missing; the result is always "again later". */
export async function notHere(
  world: StepWorld,
  attempt: Attempt,
  view: TurnView,
  key: StepKey,
  error: Failure & { readonly code: NotHereCode },
  name: string,
): Promise<Extract<StepResult<never>, { kind: "retry" }>> {
  const said = failuresOf(view, key).some((one) => one.body.error.code === error.code);
  if (!said) await record(world, attempt, [entry("attempt", { step: key, error })], { key });
  return { kind: "retry", at: world.now() + notHereDelayMs, code: error.code, lacks: name };
}
