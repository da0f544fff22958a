import { Cancelled, runAgent, Suspended } from "omniforge/loop";
import { scriptedEffects } from "omniforge/testing";
import { describe, expect, it } from "vitest";
import { answer, call, replies, run } from "./script.ts";

describe("the loop", () => {
  it("calls the model, runs the tools it asked for, and calls it again until it answers", async () => {
    const fx = scriptedEffects({
      callModel: replies(
        { kind: "calls", calls: [call(1, 0), call(1, 1)] },
        { kind: "calls", calls: [call(2, 0)] },
        answer,
      ),
    });
    expect(await run(fx)).toEqual({ kind: "ended" });
    expect(fx.trace).toEqual([
      "callModel 1",
      "callTools 1: 0 1",
      "callModel 2",
      "callTools 2: 0",
      "callModel 3",
      "finish 3: completed",
    ]);
  });

  it("goes on while finishing says that there is more", async () => {
    const fx = scriptedEffects({
      callModel: replies(answer),
      finish: (turn) => (turn < 3 ? "more" : "finished"),
    });
    expect(await run(fx)).toEqual({ kind: "ended" });
    expect(fx.trace.filter((one) => one.startsWith("finish"))).toHaveLength(3);
  });

  it("begins at the turn it is given", async () => {
    const fx = scriptedEffects({ callModel: replies(answer) });
    await run(fx, 41);
    expect(fx.trace).toEqual(["callModel 41", "finish 41: completed"]);
  });

  it("yields at a turn boundary, before it asks for anything of the turn", async () => {
    let asked = 0;
    const fx = scriptedEffects({
      callModel: replies({ kind: "calls", calls: [call(1, 0)] }, answer),
      shouldYield: () => ++asked === 2,
    });
    expect(await run(fx)).toEqual({ kind: "yield", turn: 2 });
    expect(fx.trace).toEqual(["callModel 1", "callTools 1: 0"]);
    const again = scriptedEffects({ callModel: replies(answer), shouldYield: () => true });
    expect(await run(again, 2)).toEqual({ kind: "yield", turn: 2 });
    expect(again.trace).toEqual([]);
  });

  it.each(["callModel", "callTools", "awaitInputs", "compact", "finish"] as const)(
    "yields its turn when %s suspends, and writes nothing",
    async (effect) => {
      const suspend = (): never => {
        throw new Suspended();
      };
      const calls = { kind: "calls" as const, calls: [call(1, 0), call(1, 1, "approval")] };
      const first =
        effect === "compact" ? { kind: "context-full" as const } : effect === "finish" ? answer : calls;
      const fx = scriptedEffects({ callModel: replies(first), [effect]: suspend });
      expect(await run(fx)).toEqual({ kind: "yield", turn: 1 });
      expect(fx.trace.at(-1)?.startsWith(effect)).toBe(true);
    },
  );

  it.each(["callModel", "callTools", "awaitInputs", "compact"] as const)(
    "finishes as canceled when %s is cancelled, and asks for nothing else",
    async (effect) => {
      const cancel = (): never => {
        throw new Cancelled();
      };
      const calls = { kind: "calls" as const, calls: [call(1, 0), call(1, 1, "approval")] };
      const fx = scriptedEffects({
        callModel: replies(effect === "compact" ? { kind: "context-full" } : calls),
        [effect]: cancel,
      });
      expect(await run(fx)).toEqual({ kind: "ended" });
      expect(fx.trace.slice(-2)[0]?.startsWith(effect)).toBe(true);
      expect(fx.trace.at(-1)).toBe("finish 1: canceled");
    },
  );

  it("yields when finishing a cancelled task suspends, and finishes it when run again", async () => {
    let suspended = false;
    const fx = scriptedEffects({
      callModel: () => {
        throw new Cancelled();
      },
      finish: () => {
        if (suspended) return "finished";
        suspended = true;
        throw new Suspended();
      },
    });
    expect(await run(fx, 7)).toEqual({ kind: "yield", turn: 7 });
    expect(await run(fx, 7)).toEqual({ kind: "ended" });
    expect(fx.trace).toEqual(["callModel 7", "finish 7: canceled", "callModel 7", "finish 7: canceled"]);
  });

  it("ends a cancelled task whatever finishing answers: nobody is to say more", async () => {
    const fx = scriptedEffects({
      callModel: () => {
        throw new Cancelled();
      },
      finish: () => "more",
    });
    expect(await run(fx)).toEqual({ kind: "ended" });
  });

  it("lets out what an interpreter throws by mistake", async () => {
    const fx = scriptedEffects({
      callModel: () => {
        throw new TypeError("a defect");
      },
    });
    await expect(run(fx)).rejects.toThrow("a defect");
    expect(fx.trace).toEqual(["callModel 1"]);
  });

  it("refuses a loop version that it does not know, before it does anything", async () => {
    const fx = scriptedEffects({ callModel: replies(answer) });
    await expect(runAgent(fx, { turn: 1, loopVersion: 2 })).rejects.toThrow("loop version 2");
    expect(fx.trace).toEqual([]);
  });
});
