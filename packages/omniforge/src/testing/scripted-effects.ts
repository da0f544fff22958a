/**
 * The inner seam without a world behind it: every effect does what a script says, and the order is written down.
 *
 * Invariant: a second effect that begins while one is in flight throws, so that a loop that lets two run is found out by
 * any test that uses this.
 */
import type { Effects } from "../loop/effects.ts";
import type { Call, Ending, Reply } from "../protocol/call.ts";

/** What each effect answers. Any of them may throw `Cancelled`, `Suspended`, or something that it should not. */
export interface EffectScript {
  readonly callModel: (turn: number) => Reply;
  /** Default: all calls come to their end. */
  readonly callTools?: (turn: number, calls: readonly Call[]) => readonly Call[];
  /** Default: all may run now. */
  readonly awaitInputs?: (turn: number, calls: readonly Call[]) => readonly Call[];
  /** Default: compacted. */
  readonly compact?: (turn: number) => "compacted" | "failed";
  /** Default: finished. */
  readonly finish?: (turn: number, ending: Ending) => "finished" | "more";
  /** Default: never. */
  readonly shouldYield?: () => boolean;
}

export interface ScriptedEffects extends Effects {
  /** Each effect as it began: `callModel 1`, `callTools 1: 0 2`, `finish 2: failed LIMIT_REACHED`. */
  readonly trace: readonly string[];
}

/** Effects that answer from a script, one at a time, each after a turn of the event loop. */
export function scriptedEffects(script: EffectScript): ScriptedEffects {
  const trace: string[] = [];
  let running: string | undefined;

  async function perform<Value>(what: string, answer: () => Value): Promise<Value> {
    if (running !== undefined) throw new Error(`two effects are in flight: ${running}, and ${what}`);
    running = what;
    trace.push(what);
    await new Promise((resolve) => setImmediate(resolve));
    try {
      return answer();
    } finally {
      running = undefined;
    }
  }

  return {
    trace,
    callModel: (turn) => perform(`callModel ${turn}`, () => script.callModel(turn)),
    callTools: (turn, calls) =>
      perform(`callTools ${turn}:${indexes(calls)}`, () => script.callTools?.(turn, calls) ?? []),
    awaitInputs: (turn, calls) =>
      perform(
        `awaitInputs ${turn}:${indexes(calls)}`,
        () => script.awaitInputs?.(turn, calls) ?? calls.map(({ waits: _waited, ...call }) => call),
      ),
    compact: (turn) => perform(`compact ${turn}`, () => script.compact?.(turn) ?? "compacted"),
    finish: (turn, ending) =>
      perform(
        `finish ${turn}: ${ending.kind}${ending.kind === "failed" ? ` ${ending.code}` : ""}`,
        () => script.finish?.(turn, ending) ?? "finished",
      ),
    shouldYield: () => script.shouldYield?.() ?? false,
  };
}

const indexes = (calls: readonly Call[]): string => calls.map(({ index }) => ` ${index}`).join("");
