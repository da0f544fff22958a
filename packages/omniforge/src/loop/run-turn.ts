/**
 * One turn: one model reply and the calls it asked for.
 *
 * Straight-line on purpose: at most one effect is in flight, so no completion order can decide what happens next, and a
 * turn that is run again returns to where it stood.
 */
import type { Call } from "../protocol/call.ts";
import type { Effects } from "./effects.ts";

/** What a turn leads to: the next one, or the end of the task. */
export type TurnOutcome = "next" | "finished";

export async function runTurn(fx: Effects, turn: number): Promise<TurnOutcome> {
  const reply = await fx.callModel(turn);
  switch (reply.kind) {
    case "answer":
      return (await fx.finish(turn, { kind: "completed" })) === "more" ? "next" : "finished";
    case "calls":
      await runCalls(fx, turn, reply.calls);
      return "next";
    case "context-full":
      return (await fx.compact(turn)) === "failed" ? fail(fx, turn, "CONTEXT_FULL") : "next";
    case "limit":
      if (reply.request === undefined) return fail(fx, turn, "LIMIT_REACHED");
      await fx.awaitInputs(turn, [reply.request]);
      return "next";
    case "failed":
      return fail(fx, turn, reply.code);
  }
}

async function runCalls(fx: Effects, turn: number, calls: readonly Call[]): Promise<void> {
  const open = calls.filter((call) => call.done !== true);
  const free = open.filter((call) => call.waits === undefined);
  const asked = open.filter((call) => call.waits !== undefined);
  let waiting = [...(free.length > 0 ? await fx.callTools(turn, free) : []), ...asked];
  while (waiting.length > 0) {
    const ready = await fx.awaitInputs(turn, waiting);
    waiting = ready.length > 0 ? [...(await fx.callTools(turn, ready))] : [];
  }
}

async function fail(fx: Effects, turn: number, code: string): Promise<TurnOutcome> {
  await fx.finish(turn, { kind: "failed", code });
  return "finished";
}
