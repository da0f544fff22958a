/** What people, and what the authors of tools wrote beside them, may hold up a task for: not for ever. */
import { InputRequired } from "omniforge";
import type { Call, TaskReference } from "omniforge/protocol";
import { describe, expect, it } from "vitest";
import { acting } from "./scripts.ts";
import { watched } from "./tools.ts";
import { openWorld, type World } from "./world.ts";

async function firstCall(world: World, row: TaskReference): Promise<Call> {
  const [call] = await world.calls(row, 1);
  if (call === undefined) throw new Error("turn 1 made no call");
  return call;
}

describe("a tool's deadline", () => {
  it("ends the wait for an answer that the tool asked for", async () => {
    const act = watched(
      () => {
        throw new InputRequired("Which account?");
      },
      { deadlineMs: 60_000 },
    );
    const world = openWorld({ script: acting(1), tools: [act.tool] });
    const row = await world.begin();
    const call = await firstCall(world, row);
    await world.tool(row, call);
    const waiting = await world.settle(row, [call]);
    world.wait(60_001);
    await world.settle(row, [call]);
    const outcome = await world.outcome(row, call.key);
    await world.close();
    expect(waiting).toMatchObject({ value: { waiting: [call], nextAt: expect.any(Number) as number } });
    expect(outcome).toBe("refused");
  });

  it("ends the wait for a person who is asked what became of a call", async () => {
    const pay = watched(() => new Promise<string>(() => undefined), {
      effects: "once",
      unknown: "person",
      timeoutMs: 20,
      deadlineMs: 60_000,
    });
    const world = openWorld({ script: acting(1), tools: [pay.tool] });
    const row = await world.begin();
    const call = await firstCall(world, row);
    await world.tool(row, call);
    world.wait(60_001);
    await world.settle(row, [call]);
    const outcome = await world.outcome(row, call.key);
    await world.close();
    expect(outcome).toBe("unknown");
  });
});

describe("a rule that never says whether a person must approve", () => {
  it("lets a person decide", async () => {
    const act = watched(() => "done", { needsApproval: () => new Promise(() => undefined) });
    const world = openWorld({ script: acting(1), tools: [act.tool] });
    const row = await world.begin();
    const hasty = { ...world, sleep: (_ms: number, signal?: AbortSignal) => world.sleep(20, signal) };
    const reply = await world.steps.callModel(hasty, world.attempt(row), 1);
    await world.close();
    expect(reply).toMatchObject({ value: { calls: [{ waits: "approval" }] } });
  });
});
