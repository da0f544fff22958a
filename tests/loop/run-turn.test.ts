import { runTurn, type Effects } from "omniforge/loop";
import { scriptedEffects } from "omniforge/testing";
import { describe, expect, it } from "vitest";
import { answer, call, replies, run } from "./script.ts";

const bare = call(1, 1);

describe("a turn", () => {
  it("runs what waits for nobody, then awaits the others, then runs the approved", async () => {
    const calls = [call(1, 0, "approval"), call(1, 1), call(1, 2, "question"), call(1, 3)];
    const fx = scriptedEffects({
      callModel: replies({ kind: "calls", calls }, answer),
      awaitInputs: (_turn, waiting) => waiting.filter(({ index }) => index === 0),
    });
    await run(fx);
    expect(fx.trace.slice(0, 4)).toEqual([
      "callModel 1",
      "callTools 1: 1 3",
      "awaitInputs 1: 0 2",
      "callTools 1: 0",
    ]);
  });

  it("awaits what a call asks for after it has run, together with what waited before", async () => {
    const fx = scriptedEffects({
      callModel: replies({ kind: "calls", calls: [call(1, 0, "approval"), call(1, 1)] }, answer),
      callTools: (_turn, calls) =>
        calls.filter(({ index }) => index === 1).map((one) => ({ ...one, waits: "question" as const })),
      awaitInputs: (_turn, waiting) => waiting.filter(({ index }) => index === 0),
    });
    await run(fx);
    expect(fx.trace.slice(0, 5)).toEqual([
      "callModel 1",
      "callTools 1: 1",
      "awaitInputs 1: 1 0",
      "callTools 1: 0",
      "callModel 2",
    ]);
  });

  it("asks again as often as a call does", async () => {
    let asks = 3;
    const fx = scriptedEffects({
      callModel: replies({ kind: "calls", calls: [bare] }, answer),
      callTools: () => (asks-- > 0 ? [{ ...bare, waits: "question" }] : []),
    });
    await run(fx);
    expect(fx.trace.filter((one) => one.startsWith("awaitInputs"))).toHaveLength(3);
  });

  it("asks for no fan-out of nothing", async () => {
    const refused = scriptedEffects({
      callModel: replies({ kind: "calls", calls: [call(1, 0, "approval")] }, answer),
      awaitInputs: () => [],
    });
    await run(refused);
    expect(refused.trace).toEqual(["callModel 1", "awaitInputs 1: 0", "callModel 2", "finish 2: completed"]);
  });

  it("skips calls that have their outcome", async () => {
    const calls = [{ ...call(1, 0), done: true }, call(1, 1), { ...call(1, 2, "approval"), done: true }];
    const fx = scriptedEffects({ callModel: replies({ kind: "calls", calls }, answer) });
    await run(fx);
    expect(fx.trace.slice(0, 3)).toEqual(["callModel 1", "callTools 1: 1", "callModel 2"]);
  });

  it("goes on at once when all calls have their outcome", async () => {
    const fx = scriptedEffects({
      callModel: replies({ kind: "calls", calls: [{ ...bare, done: true }] }, answer),
    });
    await run(fx);
    expect(fx.trace).toEqual(["callModel 1", "callModel 2", "finish 2: completed"]);
  });

  it("compacts a full context, and takes the next turn", async () => {
    const fx = scriptedEffects({ callModel: replies({ kind: "context-full" }, answer) });
    await run(fx);
    expect(fx.trace).toEqual(["callModel 1", "compact 1", "callModel 2", "finish 2: completed"]);
  });

  it("fails as CONTEXT_FULL when it can't be compacted", async () => {
    const fx = scriptedEffects({ callModel: replies({ kind: "context-full" }), compact: () => "failed" });
    expect(await run(fx)).toEqual({ kind: "ended" });
    expect(fx.trace).toEqual(["callModel 1", "compact 1", "finish 1: failed CONTEXT_FULL"]);
  });

  it("fails at a limit, or puts it to a person and takes the next turn", async () => {
    const fails = scriptedEffects({ callModel: replies({ kind: "limit" }) });
    await run(fails);
    expect(fails.trace).toEqual(["callModel 1", "finish 1: failed LIMIT_REACHED"]);
    const asks = scriptedEffects({
      callModel: replies({ kind: "limit", request: { ...call(1, 0, "limit"), runs: "limit" } }, answer),
    });
    await run(asks);
    expect(asks.trace).toEqual(["callModel 1", "awaitInputs 1: 0", "callModel 2", "finish 2: completed"]);
  });

  it("fails with the code of a reply that failed, and ends even where finishing says more", async () => {
    const fx = scriptedEffects({
      callModel: replies({ kind: "failed", code: "MODEL_REFUSED" }),
      finish: () => "more",
    });
    expect(await runTurn(fx, 1)).toBe("finished");
    expect(fx.trace).toEqual(["callModel 1", "finish 1: failed MODEL_REFUSED"]);
  });
});

describe("one effect in flight", () => {
  it("is all that the loop ever has", async () => {
    const calls = [call(1, 0), call(1, 1), call(1, 2, "approval")];
    await expect(
      run(
        scriptedEffects({ callModel: replies({ kind: "calls", calls }, { kind: "context-full" }, answer) }),
      ),
    ).resolves.toEqual({ kind: "ended" });
  });

  it("is noticed to be two in a loop that fans out by itself", async () => {
    const fansOut = async (fx: Effects): Promise<void> => {
      const reply = await fx.callModel(1);
      if (reply.kind === "calls") await Promise.all(reply.calls.map((one) => fx.callTools(1, [one])));
    };
    const fx = scriptedEffects({ callModel: replies({ kind: "calls", calls: [call(1, 0), call(1, 1)] }) });
    await expect(fansOut(fx)).rejects.toThrow(
      "two effects are in flight: callTools 1: 0, and callTools 1: 1",
    );
  });
});
