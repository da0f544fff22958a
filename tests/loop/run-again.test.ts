import { Suspended, runAgent, type Effects } from "omniforge/loop";
import { scriptedEffects, type EffectScript } from "omniforge/testing";
import { describe, expect, it } from "vitest";
import { answer, call, replies } from "./script.ts";

const script: EffectScript = {
  callModel: replies(
    { kind: "calls", calls: [call(1, 0), call(1, 1), call(1, 2, "approval"), call(1, 3, "question")] },
    { kind: "context-full" },
    { kind: "limit", request: { ...call(3, 0, "limit"), runs: "limit" } },
    { kind: "calls", calls: [call(4, 0)] },
    answer,
    answer,
  ),
  awaitInputs: (_turn, calls) =>
    calls.filter(({ waits }) => waits === "approval").map(({ waits: _waited, ...one }) => one),
  finish: (turn) => (turn === 5 ? "more" : "finished"),
};

/** Effects whose outcomes outlive a run, as those in the log do: what was performed is remembered, not repeated. */
function remembering(log: Map<string, unknown>, performed: string[], crash: () => void): Effects {
  const fx = scriptedEffects(script);
  const once = async <Value>(key: string, effect: () => Promise<Value>): Promise<Value> => {
    crash();
    if (!log.has(key)) {
      log.set(key, await effect());
      performed.push(key);
    }
    crash();
    return log.get(key) as Value;
  };
  const named = (calls: readonly { readonly key: string }[]): string => calls.map(({ key }) => key).join(" ");
  return {
    callModel: (turn) => once(`callModel ${turn}`, () => fx.callModel(turn)),
    callTools: (turn, calls) => once(`callTools ${named(calls)}`, () => fx.callTools(turn, calls)),
    awaitInputs: (turn, calls) => once(`awaitInputs ${named(calls)}`, () => fx.awaitInputs(turn, calls)),
    compact: (turn) => once(`compact ${turn}`, () => fx.compact(turn)),
    finish: (turn, ending) => once(`finish ${turn} ${ending.kind}`, () => fx.finish(turn, ending)),
    shouldYield: () => fx.shouldYield(),
  };
}

/** Runs to the end, stopping just before or after the effect at each of these points. */
async function runWithStops(stops: readonly number[]): Promise<{ performed: string[]; points: number }> {
  const log = new Map<string, unknown>();
  const performed: string[] = [];
  let point = 0;
  const crash = (): void => {
    if (stops.includes(++point)) throw new Suspended();
  };
  let turn = 1;
  for (;;) {
    const outcome = await runAgent(remembering(log, performed, crash), { turn, loopVersion: 1 });
    if (outcome.kind === "ended") return { performed, points: point };
    turn = outcome.turn;
  }
}

describe("a turn that is run again", () => {
  it("returns to where it stood, wherever it was stopped", async () => {
    const whole = await runWithStops([]);
    expect(whole.performed).toHaveLength(14);
    for (let stop = 1; stop <= whole.points; stop++)
      expect((await runWithStops([stop])).performed).toEqual(whole.performed);
  });

  it("does so however often it is stopped", async () => {
    const whole = await runWithStops([]);
    const stops = Array.from({ length: 200 }, (_, index) => (index + 1) * 7);
    expect((await runWithStops(stops)).performed).toEqual(whole.performed);
  });
});
