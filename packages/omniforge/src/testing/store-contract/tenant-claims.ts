/** A foreign tenant sees nothing and changes nothing, by any method, even where it knows the id. */
import assert from "node:assert/strict";
import { entry } from "../../protocol/entry.ts";
import {
  commit,
  committed,
  create,
  end,
  first,
  message,
  openTurns,
  rejects,
  result,
  rowOf,
  type Claim,
} from "./claim.ts";

const foreign = { ...first, tenant: "globex" };

export function tenantClaims(claim: Claim): void {
  claim("do not see each other's tasks", async (store) => {
    await create(store);
    await committed(store, { entries: [message("a")], accepts: "message:a" });
    await openTurns(store, 1);
    assert.equal(await store.row(foreign), undefined);
    assert.equal(await store.turn(foreign), undefined);
    assert.deepEqual(await store.read(foreign, 0), []);
    assert.equal(await store.find(foreign, "1/model/0"), undefined);
    assert.equal(await store.findAccepted(foreign, "message:a"), undefined);
    await end(store);
    await commit(store, { entries: [result(1, 0)], keepLate: true });
    assert.equal((await store.late(first)).length, 1);
    assert.deepEqual(await store.late(foreign), []);
  });

  claim("do not find each other's tasks in a list, by no filter", async (store) => {
    await create(store);
    await create(store, { task: "task_2", parent: { task: first.task, key: "1/tool/0" }, root: first.task });
    for (const some of [
      {},
      { agent: "writer" },
      { root: first.task },
      { parent: first.task },
      { states: ["submitted" as const] },
    ]) {
      assert.ok((await store.list({ tenant: "acme", limit: 10, ...some })).length > 0);
      assert.deepEqual(await store.list({ tenant: "globex", limit: 10, ...some }), []);
    }
  });

  claim("do not write to each other's tasks", async (store) => {
    await create(store);
    const before = await rowOf(store);
    const cancel = entry("cancel", { id: "stop" });
    assert.deepEqual(
      await commit(store, { ...foreign, entries: [cancel], accepts: "cancel:stop", keepLate: true }),
      { kind: "missing" },
    );
    assert.deepEqual(await store.row(first), before);
    assert.deepEqual(await store.late(first), []);
  });

  claim("do not erase each other's tasks", async (store) => {
    await create(store);
    await end(store);
    const before = await store.read(first, 0);
    await rejects(store.erase(foreign, 1), "TASK_NOT_FOUND");
    assert.deepEqual(await store.read(first, 0), before);
  });

  claim("do not take, park, release, evict or rename each other's executions", async (store) => {
    await create(store);
    const { executions } = store;
    assert.equal(await executions.acquire(foreign, "thief"), undefined);
    const row = await executions.acquire(first, "owner");
    await executions.release(foreign, row?.fence ?? -1);
    await executions.park(foreign, { wakes: 9, nextAt: 9 });
    await executions.recordRun(foreign, "run");
    assert.equal(await executions.evict(foreign, "owner", entry("recovery", { steps: [] }), 1), false);
    assert.deepEqual(await store.row(first), row);
  });
}
