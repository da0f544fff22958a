/** One thing that fails, once or always, and nothing else with it. */
import { inProcess } from "omniforge";
import type { Backend } from "omniforge/backend";
import { OmniForgeError, type TaskReference } from "omniforge/protocol";
import { describe, expect, it } from "vitest";
import { acting, answering } from "./scripts.ts";
import { gate, watched } from "./tools.ts";
import { openWorld, type World } from "./world.ts";

const quick = { pollMs: 5, beatMs: 20 } as const;
const broken = (): Promise<never> => Promise.reject(new OmniForgeError("STORE_FAILED", "the disk is full"));

/** An engine whose faults are expected. */
const engine = (world: World): Promise<Backend> =>
  inProcess({ ...quick, onError: () => undefined })(world, { work: true });

async function stateOnce(world: World, row: TaskReference, state: string): Promise<string> {
  for (let waited = 0; waited < 1_000 && (await world.rowOf(row)).state !== state; waited++)
    await world.sleep(5);
  return (await world.rowOf(row)).state;
}

describe("a store that fails once", () => {
  it("when runnable tasks are looked for loses no wake", async () => {
    let failures = 0;
    let failing = false;
    const world = openWorld(
      { script: answering },
      {
        store: (sound) => ({
          ...sound,
          executions: {
            ...sound.executions,
            runnable: (now, limit) => {
              if (!failing) return sound.executions.runnable(now, limit);
              failing = ++failures < 2;
              return broken();
            },
          },
        }),
      },
    );
    const backend = await engine(world);
    await world.sleep(50);
    failing = true;
    const row = await world.begin();
    await backend.start(row);
    const state = await stateOnce(world, row, "completed");
    await backend.close();
    await world.close();
    expect([failures, state]).toEqual([2, "completed"]);
  });

  it("and once more when it gives up a task that waits for a person has given it up in the end: the answer is heard", async () => {
    let failures = 0;
    const act = watched(() => "done", { needsApproval: true });
    const world = openWorld(
      { script: acting(1), tools: [act.tool] },
      {
        store: (sound) => ({
          ...sound,
          executions: {
            ...sound.executions,
            release: (reference, fence, park) =>
              ++failures <= 2 ? broken() : sound.executions.release(reference, fence, park),
          },
        }),
      },
    );
    const backend = await engine(world);
    const row = await world.begin();
    await backend.start(row);
    await stateOnce(world, row, "input-required");
    await world.say(row, { kind: "answer", request: "1/tool/0", answer: { decision: "approve" } });
    await backend.wake(row);
    const state = await stateOnce(world, row, "completed");
    await backend.close();
    await world.close();
    expect([failures > 2, state, act.runs.length]).toEqual([true, "completed", 1]);
  });

  it("when it records one call of several leaves no other call running behind the task", async () => {
    const held = gate();
    let failures = 0;
    let running = 0;
    let most = 0;
    const act = watched(async (parameters) => {
      if (JSON.stringify(parameters) === '{"n":0}') return "quick";
      most = Math.max(most, ++running);
      await held.opened;
      running--;
      return "slow";
    });
    const world = openWorld(
      { script: acting(2), tools: [act.tool] },
      {
        store: (sound) => ({
          ...sound,
          commit: (commit) =>
            commit.key === "1/tool/0" && failures++ === 0 ? broken() : sound.commit(commit),
        }),
      },
    );
    const row = await world.begin();
    const backend = await engine(world);
    // Longer than a task rests after a fault.
    await world.sleep(2_500);
    const before = act.runs.length;
    held.open();
    const state = await stateOnce(world, row, "completed");
    await backend.close();
    await world.close();
    expect({ before, most, failures, state }).toEqual({
      before: 2,
      most: 1,
      failures: 2,
      state: "completed",
    });
  });
});

describe("a store that fails always", () => {
  it("when a task is taken is not asked all the time", async () => {
    let tries = 0;
    const world = openWorld(
      { script: answering },
      {
        store: (sound) => ({
          ...sound,
          executions: {
            ...sound.executions,
            acquire: () => {
              tries++;
              return broken();
            },
          },
        }),
      },
    );
    await world.begin();
    const backend = await engine(world);
    await world.sleep(300);
    await backend.close();
    await world.close();
    expect([tries > 0, tries < 5]).toEqual([true, true]);
  });

  it("when one log is read holds up neither the start nor the recovery of the other tasks", async () => {
    const damaged: string[] = [];
    const world = openWorld(
      { script: answering },
      {
        store: (sound) => ({
          ...sound,
          turn: (reference) => (damaged.includes(reference.task) ? broken() : sound.turn(reference)),
        }),
      },
    );
    const bad = await world.begin();
    const good = await world.begin();
    damaged.push(bad.task);
    for (const row of [bad, good]) await world.store.executions.acquire(row, "a process that died");
    const backend = await engine(world);
    const state = await stateOnce(world, good, "completed");
    await backend.close();
    await world.close();
    expect(state).toBe("completed");
  });
});
