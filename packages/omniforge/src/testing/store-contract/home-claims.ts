/** Where an engine keeps a log's tasks, and which task one of its runs belongs to (P5). */
import assert from "node:assert/strict";
import type { EngineHome, TaskStore } from "../../store/task-store.ts";
import { create, end, first, rowOf, type Claim } from "./claim.ts";

const here: EngineHome = { id: "home-1", name: "default at here:7233" };
const there: EngineHome = { id: "home-2", name: "default at there:7233" };

/** A task that its engine has begun. */
async function begun(store: TaskStore, task = first.task): Promise<void> {
  await create(store, { task, engine: "temporal" });
  await store.executions.recordRun({ ...first, task }, `run-of-${task}`);
}

export function homeClaims(claim: Claim): void {
  claim("keeps an engine's tasks where they were said to be first, while one is under way", async (store) => {
    const { executions } = store;
    assert.deepEqual(await executions.home("temporal", here), here);
    await begun(store);
    assert.deepEqual(await executions.home("temporal", there), here);
    const renamed = { ...here, name: "default at new-name:7233" };
    assert.deepEqual(await executions.home("temporal", renamed), renamed);
    assert.deepEqual(await executions.home("temporal", there), renamed);
    await end(store);
    assert.deepEqual(await executions.home("temporal", there), there);
  });

  claim(
    "keeps them elsewhere at once where all have ended, and those of another engine don't count",
    async (store) => {
      const { executions } = store;
      await executions.home("temporal", here);
      await create(store, { task: "task_2", engine: "in-process" });
      assert.deepEqual(await executions.home("temporal", there), there);
    },
  );

  claim(
    "moves them when it is told to: those under way have not begun, and the ended stay as they were",
    async (store) => {
      const { executions } = store;
      await executions.home("temporal", here);
      for (const task of ["task_1", "task_2"]) await begun(store, task);
      await end(store, { ...first, task: "task_2" });
      await executions.moveHome("temporal", there);
      await executions.moveHome("temporal", there);
      const { firstRun, currentRun } = await rowOf(store);
      assert.deepEqual([firstRun, currentRun], [null, null]);
      assert.equal((await store.row({ ...first, task: "task_2" }))?.firstRun, "run-of-task_2");
      await executions.recordRun(first, "run-there");
      assert.deepEqual(await executions.home("temporal", here), there);
    },
  );

  claim("moves nothing that is here already", async (store) => {
    const { executions } = store;
    await executions.home("temporal", here);
    await begun(store);
    await executions.moveHome("temporal", here);
    assert.equal((await rowOf(store)).firstRun, "run-of-task_1");
    assert.deepEqual(await executions.home("temporal", there), here);
  });

  claim("agrees on one home when two say it at once", async (store) => {
    await begun(store);
    const said = await Promise.all([here, there].map((home) => store.executions.home("temporal", home)));
    assert.deepEqual(said[0], said[1]);
  });

  claim(
    "finds a tenant's task by its first and its latest run, and another tenant's by none",
    async (store) => {
      const { executions } = store;
      await create(store, { engine: "temporal" });
      for (const run of ["run-1", "run-2", "run-3"]) await executions.recordRun(first, run);
      assert.deepEqual(await executions.taskOfRun("acme", "run-1"), first);
      assert.deepEqual(await executions.taskOfRun("acme", "run-3"), first);
      assert.equal(await executions.taskOfRun("acme", "run-2"), undefined);
      assert.equal(await executions.taskOfRun("other", "run-1"), undefined);
    },
  );

  claim("says which of some tasks are an engine's and have not ended, whoever's they are", async (store) => {
    await create(store, { task: "task_1", engine: "temporal" });
    await create(store, { task: "task_2", engine: "temporal", tenant: "other" });
    await create(store, { task: "task_3", engine: "temporal" });
    await create(store, { task: "task_4", engine: "in-process" });
    await end(store, { ...first, task: "task_3" });
    const asked = ["task_1", "task_2", "task_3", "task_4", "task_5", "'; drop table tasks"];
    const open = await store.executions.open("temporal", asked);
    assert.deepEqual(open.map(({ tenant, task }) => `${tenant}/${task}`).toSorted(), [
      "acme/task_1",
      "other/task_2",
    ]);
    assert.deepEqual(await store.executions.open("temporal", []), []);
  });
}
