/** What may run now, what is due when, and what a reconciler looks at (P2, P4, P5). */
import assert from "node:assert/strict";
import { entry } from "../../protocol/entry.ts";
import type { TaskReference } from "../../protocol/task.ts";
import type { TaskStore } from "../../store/task-store.ts";
import { committed, create, end, first, message, openTurns, rowOf, start, type Claim } from "./claim.ts";

const named = (task: string): TaskReference => ({ ...first, task });
const ids = (references: readonly TaskReference[]): string[] => references.map(({ task }) => task);

async function parked(
  store: TaskStore,
  park: { wakes: number; nextAt?: number },
  reference = first,
): Promise<void> {
  const row = await store.executions.acquire(reference, "one");
  await store.executions.release(reference, row?.fence ?? -1, park);
}

export function scheduleClaims(claim: Claim): void {
  claim("runs a new task, and none that somebody runs or that has ended", async (store) => {
    for (const task of ["task_1", "task_2", "task_3"]) await create(store, { task });
    await store.executions.acquire(named("task_2"), "one");
    await end(store, named("task_3"));
    assert.deepEqual(await store.executions.runnable(start, 10), [first]);
  });

  claim("lets tenants take turns, whoever has many and whoever holds some", async (store) => {
    const made = async (tenant: string, task: string, at: number): Promise<void> => {
      await create(store, { tenant, task, at: start + at });
    };
    for (let index = 0; index < 20; index++) await made("many", `many_${index}`, index);
    await made("few", "few_0", 50);
    await made("few", "few_1", 51);
    await made("one", "one_0", 60);
    const taken = async (limit: number, held?: ReadonlyMap<string, number>): Promise<string[]> =>
      ids(await store.executions.runnable(start + 99, limit, held));
    assert.deepEqual(await taken(6), ["many_0", "few_0", "one_0", "many_1", "few_1", "many_2"]);
    assert.deepEqual(await taken(1, new Map([["many", 5]])), ["few_0"]);
    const held = new Map([
      ["many", 2],
      ["few", 1],
    ]);
    assert.deepEqual(await taken(4, held), ["one_0", "few_0", "many_0", "few_1"]);
  });

  claim("lets tenants take turns among those that are due, too", async (store) => {
    for (let index = 0; index < 5; index++) {
      const reference = { tenant: "many", task: `many_${index}` };
      await create(store, { ...reference, at: start + index });
      await parked(store, { wakes: 0, nextAt: start + index }, reference);
    }
    const last = { tenant: "one", task: "one_0" };
    await create(store, { ...last, at: start + 9 });
    await parked(store, { wakes: 0, nextAt: start + 9 }, last);
    assert.deepEqual(ids(await store.executions.runnable(start + 99, 2)), ["many_0", "one_0"]);
    assert.deepEqual(ids(await store.executions.runnable(start + 8, 2)), ["many_0", "many_1"]);
  });

  claim("leaves the other engine's tasks alone, parked and due as they may be", async (store) => {
    await create(store, { engine: "temporal" });
    await store.executions.park(first, { wakes: 0, nextAt: start });
    assert.deepEqual(await store.executions.runnable(start + 1, 10), []);
    assert.equal(await store.executions.nextDue(), undefined);
  });

  claim("lets a parked task rest until it is woken", async (store) => {
    await create(store);
    await parked(store, { wakes: 0 });
    assert.deepEqual(await store.executions.runnable(start + 1e9, 10), []);
    await committed(store, { entries: [message("a")], accepts: "message:a" });
    assert.deepEqual(await store.executions.runnable(start, 10), [first]);
  });

  claim("runs a task at once that was woken while it was being parked", async (store) => {
    await create(store);
    const row = await store.executions.acquire(first, "one");
    await committed(store, { entries: [message("a")], accepts: "message:a" });
    await store.executions.release(first, row?.fence ?? -1, { wakes: row?.wakes ?? -1 });
    assert.deepEqual(await store.executions.runnable(start, 10), [first]);
  });

  claim("runs a parked task when it is due, and says when the next is", async (store) => {
    for (const task of ["task_1", "task_2", "task_3"]) await create(store, { task });
    assert.equal(await store.executions.nextDue(), undefined);
    await parked(store, { wakes: 0, nextAt: start + 50 });
    await parked(store, { wakes: 0, nextAt: start + 20 }, named("task_2"));
    await parked(store, { wakes: 0 }, named("task_3"));
    assert.equal(await store.executions.nextDue(), start + 20);
    assert.deepEqual(ids(await store.executions.runnable(start + 19, 10)), []);
    assert.deepEqual(ids(await store.executions.runnable(start + 20, 10)), ["task_2"]);
    await store.executions.acquire(named("task_2"), "one");
    assert.equal(await store.executions.nextDue(), start + 50);
    await end(store);
    assert.equal(await store.executions.nextDue(), undefined);
  });

  claim("runs the longest untouched first, as many as are asked for", async (store) => {
    for (const [index, task] of ["task_3", "task_1", "task_2"].entries())
      await create(store, { task, at: start + index });
    assert.deepEqual(ids(await store.executions.runnable(start, 2)), ["task_3", "task_1"]);
  });

  claim(
    "notes what a task of another engine waits for, and finds it once its wake may be lost",
    async (store) => {
      for (const task of ["task_1", "task_2", "task_3", "task_4"])
        await create(store, { task, engine: "temporal" });
      for (const task of ["task_1", "task_2"]) await store.executions.park(named(task), { wakes: 0 });
      await store.executions.park(named("task_3"), { wakes: 0, nextAt: start + 10 });
      assert.deepEqual(await store.executions.unwoken("temporal", start, 10), []);
      await committed(store, { task: "task_2", entries: [message("a")], accepts: "message:a" });
      assert.deepEqual(ids(await store.executions.unwoken("temporal", start, 10)), ["task_2"]);
      assert.deepEqual(ids(await store.executions.unwoken("temporal", start + 10, 10)).toSorted(), [
        "task_2",
        "task_3",
      ]);
      assert.equal((await store.executions.unwoken("temporal", start + 10, 1)).length, 1);
      assert.deepEqual(await store.executions.unwoken("in-process", start + 10, 10), []);
      await end(store, named("task_2"));
      await store.executions.park(named("task_2"), { wakes: 9 });
      assert.equal((await rowOf(store, named("task_2"))).parkedAtWakes, 0);
      assert.deepEqual(ids(await store.executions.unwoken("temporal", start, 10)), []);
    },
  );

  claim("finds an engine's unfinished tasks that were left alone, the oldest first", async (store) => {
    for (const [index, task] of ["task_2", "task_1", "task_3", "task_4"].entries())
      await create(store, { task, at: start + index });
    await create(store, { task: "task_5", engine: "temporal" });
    await end(store, named("task_3"));
    const unfinished = async (before: number, limit = 10): Promise<string[]> =>
      ids(await store.executions.unfinished("in-process", before, limit));
    assert.deepEqual(await unfinished(start + 9), ["task_2", "task_1", "task_4"]);
    assert.deepEqual(await unfinished(start + 1), ["task_2"]);
    assert.deepEqual(await unfinished(start + 9, 2), ["task_2", "task_1"]);
    assert.deepEqual(ids(await store.executions.unfinished("temporal", start + 9, 10)), ["task_5"]);
  });

  claim("goes on with unfinished tasks after the one that it is given", async (store) => {
    for (const [task, at] of [
      ["task_2", 0],
      ["task_1", 1],
      ["task_4", 1],
      ["task_3", 1],
      ["task_0", 2],
    ] as const)
      await create(store, { task, at: start + at });
    const seen: string[] = [];
    for (let page = await store.executions.unfinished("in-process", start + 9, 2); page.length > 0;) {
      seen.push(...ids(page));
      page = await store.executions.unfinished("in-process", start + 9, 2, page.at(-1));
    }
    assert.deepEqual(seen, ["task_2", "task_1", "task_3", "task_4", "task_0"]);
  });

  claim("finds sub-agents that outlived their parent, and no others", async (store) => {
    await create(store);
    await create(store, { task: "task_2" });
    const below = (parent: string): { parent: { task: string; key: string }; root: string } => ({
      parent: { task: parent, key: "1/tool/0" },
      root: parent,
    });
    for (const task of ["task_1.1", "task_1.2", "task_1.3"])
      await create(store, { task, ...below("task_1") });
    await create(store, { task: "task_2.1", ...below("task_2") });
    assert.deepEqual(await store.executions.orphans(10), []);
    await end(store);
    await end(store, named("task_1.2"));
    await committed(store, {
      task: "task_1.3",
      entries: [entry("cancel", { id: "parent" })],
      accepts: "cancel:parent",
    });
    assert.deepEqual(await store.executions.orphans(10), [named("task_1.1")]);
    assert.deepEqual(await store.executions.orphans(0), []);
  });

  claim("keeps the first run that an engine names, and the current one", async (store) => {
    await create(store);
    await store.executions.recordRun(first, "run-1");
    await store.executions.recordRun(first, "run-2");
    const { firstRun, currentRun } = await rowOf(store);
    assert.deepEqual([firstRun, currentRun], ["run-1", "run-2"]);
  });

  claim("names erased tasks to their engine until it has forgotten them", async (store) => {
    const { executions } = store;
    await create(store, { task: "task_1", engine: "temporal" });
    await create(store, { task: "task_2", engine: "in-process" });
    for (const task of ["task_1", "task_2"]) await end(store, named(task));
    assert.deepEqual(await executions.toForget("temporal", 10), []);
    for (const task of ["task_1", "task_2"]) await store.erase(named(task), start);
    assert.deepEqual(await executions.toForget("temporal", 10), [named("task_1")]);
    assert.deepEqual(await executions.toForget("temporal", 0), []);
    assert.deepEqual(await executions.toForget("in-process", 10), []);
    await executions.forgotten(named("task_1"));
    assert.deepEqual(await executions.toForget("temporal", 10), []);
    // Erased again, it is looked for again.
    await store.erase(named("task_1"), start);
    assert.deepEqual(await executions.toForget("temporal", 10), [named("task_1")]);
  });

  claim("wakes nothing by what steps write, only by what is accepted", async (store) => {
    await create(store);
    await parked(store, { wakes: 0 });
    await openTurns(store, 1);
    assert.deepEqual(await store.executions.runnable(start, 10), []);
  });
}
