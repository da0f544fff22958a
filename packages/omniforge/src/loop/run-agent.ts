/**
 * THE loop: turns until the task has ended or must stop running. Both engines interpret this one function.
 *
 * It holds no clock, no randomness, no messages and no results: those live in the log, where the steps read them. The
 * state between turns is the turn's number.
 */
import { isCancelled, isSuspended, type Effects } from "./effects.ts";
import { runTurn, type TurnOutcome } from "./run-turn.ts";

/** The loop versions that this release can run; a task pins one when it is created. */
export const loopVersion = 1;

export type RunOutcome =
  | { readonly kind: "ended" }
  /** Run again from this turn: nothing is lost and nothing is done twice. */
  | { readonly kind: "yield"; readonly turn: number };

/** Runs a task from this turn on. Throws only what an interpreter threw by mistake. */
export async function runAgent(
  fx: Effects,
  from: { readonly turn: number; readonly loopVersion: number },
): Promise<RunOutcome> {
  if (from.loopVersion !== loopVersion)
    throw new Error(`loop version ${from.loopVersion} is unknown; this release runs ${loopVersion}`);
  for (let turn = from.turn; ; turn++) {
    if (fx.shouldYield()) return { kind: "yield", turn };
    try {
      if ((await cancellable(fx, turn)) === "finished") return { kind: "ended" };
    } catch (thrown) {
      if (isSuspended(thrown)) return { kind: "yield", turn };
      throw thrown;
    }
  }
}

async function cancellable(fx: Effects, turn: number): Promise<TurnOutcome> {
  try {
    return await runTurn(fx, turn);
  } catch (thrown) {
    if (!isCancelled(thrown)) throw thrown;
    await fx.finish(turn, { kind: "canceled" });
    return "finished";
  }
}
