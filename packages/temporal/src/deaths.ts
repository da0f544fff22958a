/**
 * Counting the deaths of processes, and what follows from them (rule 8).
 *
 * The server tells an attempt neither how the one before it ended nor whether its process died. So whoever ends in good
 * order says so in a last heartbeat, and an attempt that finds no such word has had a death before it. It goes into the
 * log: the step's own policy reads it there, and gives a step up that keeps killing its process.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Context } from "@temporalio/activity";
import { entry, type StepKey } from "omniforge/protocol";
import {
  deathsOf,
  record,
  runsAlone,
  viewTurn,
  type Attempt,
  type Room,
  type StepResult,
  type StepWorld,
} from "omniforge/steps";
import { showsLife } from "./life-signs.ts";

/** Attempts that wait to run alone. They have not begun: what kills their process meanwhile is not them. */
const waiting = new WeakSet<Context>();
/** The SDK holds a heartbeat back for up to a second (worker.ts) after the one before. */
const heldBackMs = 1_250;

/** Shows that this attempt lives, and that it has not begun where it waits. */
export function beat(world: StepWorld, context: Context): void {
  if (showsLife(world)) context.heartbeat(waiting.has(context) ? context.info.attempt : undefined);
}

/** Says that this attempt ends in good order, whatever it ends with. */
export function endInGoodOrder(context: Context): void {
  context.heartbeat(context.info.attempt);
}

/** Performs a model or tool step among those of its process, alone once it is suspected. */
export async function amongOthers<Value>(
  world: StepWorld,
  room: Room,
  key: StepKey,
  attempt: Attempt,
  step: () => Promise<StepResult<Value>>,
): Promise<StepResult<Value>> {
  const alone = await isSuspect(world, attempt, key);
  const perform = alone ? () => begin(world, attempt, step) : step;
  if (alone) {
    waiting.add(Context.current());
    beat(world, Context.current());
  }
  return (await room.run(alone, attempt.signal, perform)) ?? { kind: "stopped", why: "aborted" };
}

/** Begins once the server knows that it does: a death from now on is its own. */
async function begin<Value>(
  world: StepWorld,
  { signal }: Attempt,
  step: () => Promise<StepResult<Value>>,
): Promise<StepResult<Value>> {
  const context = Context.current();
  waiting.delete(context);
  beat(world, context);
  // The step itself looks whether it was aborted meanwhile.
  await sleep(heldBackMs, undefined, { signal }).catch(() => undefined);
  return step();
}

async function isSuspect(world: StepWorld, attempt: Attempt, key: StepKey): Promise<boolean> {
  const { info } = Context.current();
  if (info.attempt === 1) return false;
  if (info.heartbeatDetails !== info.attempt - 1)
    await record(world, attempt, [entry("recovery", { steps: [key] })]);
  const read = await world.store.turn(attempt);
  return read !== undefined && runsAlone(deathsOf(viewTurn(read), key));
}
