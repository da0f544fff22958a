/** What a sweep does when the engine's list, the engine itself, or the place of the tasks fails it. No server is needed. */
import { OmniForgeError, type TaskReference } from "omniforge/protocol";
import { reconcile, type Backend } from "omniforge/backend";
import { expect, onTestFinished, test } from "vitest";
import { createWorld, testAgent, type TestWorld } from "./world.ts";

/** An engine that knows no task, and what it was told. */
function engine(some: Partial<Backend> = {}): Backend & { readonly told: string[] } {
  const told: string[] = [];
  const tell = (what: string) => async (): Promise<void> => void told.push(what);
  return {
    name: "temporal",
    told,
    start: tell("start"),
    wake: tell("wake"),
    cancel: tell("cancel"),
    describe: () => Promise.resolve("not-found"),
    isAnyoneWorking: () => Promise.resolve(true),
    forget: () => Promise.resolve(true),
    close: () => Promise.resolve(),
    ...some,
  };
}

async function withTasks(count: number): Promise<{ world: TestWorld; tasks: readonly TaskReference[] }> {
  const world = createWorld({ script: () => ({ text: "done" }) });
  onTestFinished(() => world.remove());
  const tasks = [];
  for (let index = 0; index < count; index++) tasks.push(await world.create(testAgent()));
  return { world, tasks };
}

const now = -1;

test("a list that can't be had is told, and hides no task that was never started", async () => {
  const { world } = await withTasks(3);
  const denied = new Error("you may not list");
  const errors: unknown[] = [];
  const backend = engine({ endedOutside: () => Promise.reject(denied) });
  await reconcile(world, backend, now, (error) => errors.push(error));
  expect(errors).toEqual([denied]);
  expect(backend.told).toEqual(["start", "start", "start"]);
});

test("a sweep that the engine ends is over only when all it asked has been answered", async () => {
  const { world } = await withTasks(3);
  let asked = 0;
  let answered = 0;
  const describe = async (): Promise<"running"> => {
    if (asked++ === 0) throw new OmniForgeError("ENGINE_UNREACHABLE", "nobody answers");
    await new Promise((resolve) => setTimeout(resolve, 20));
    answered++;
    return "running";
  };
  await expect(reconcile(world, engine({ describe }), now, () => undefined)).rejects.toThrow(
    "nobody answers",
  );
  expect(answered).toBe(2);
});

test("a task that is taken over while it is looked at is started in its new place, not ended", async () => {
  const { world, tasks } = await withTasks(1);
  const { executions } = world.store;
  for (const task of tasks) await executions.recordRun(task, "run-1");
  const describe = async (): Promise<"not-found"> => {
    await executions.moveHome("temporal", { id: "there", name: "there" });
    return "not-found";
  };
  const backend = engine({ describe });
  await reconcile(world, backend, now, () => undefined);
  expect(backend.told).toEqual(["start"]);
  for (const task of tasks) expect((await world.rowOf(task)).endedSeq).toBeNull();
});
