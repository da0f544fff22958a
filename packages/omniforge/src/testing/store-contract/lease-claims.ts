/** Leases: one owner at a time under a rising fence, and how a task is taken from a dead one. */
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
  reply,
  result,
  rowOf,
  start,
  type Claim,
} from "./claim.ts";

const recovery = entry("recovery", { steps: ["1/model/0"] });

export function leaseClaims(claim: Claim): void {
  claim("have one owner at a time, however many ask at once", async (store) => {
    await create(store);
    const asked = Array.from({ length: 50 }, (_, index) => store.executions.acquire(first, `owner ${index}`));
    const taken = (await Promise.all(asked)).filter((row) => row !== undefined);
    assert.equal(taken.length, 1);
    assert.deepEqual(await store.row(first), taken[0]);
    assert.equal(taken[0]?.fence, 1);
  });

  claim("rise their fence with every owner", async (store) => {
    await create(store);
    for (const fence of [1, 2, 3]) {
      const row = await store.executions.acquire(first, "one");
      assert.equal(row?.fence, fence);
      await store.executions.release(first, fence);
    }
  });

  claim("are given up by who has them, and by no predecessor", async (store) => {
    await create(store);
    const one = await store.executions.acquire(first, "one");
    await store.executions.evict(first, "one", recovery, start);
    const two = await store.executions.acquire(first, "two");
    await store.executions.release(first, one?.fence ?? -1, { wakes: 7, nextAt: 7 });
    assert.deepEqual(await store.row(first), two);
  });

  claim("are not given for ended tasks, nor for another engine's", async (store) => {
    await create(store);
    await end(store);
    assert.equal(await store.executions.acquire(first, "one"), undefined);
    await create(store, { task: "task_2", engine: "temporal" });
    assert.equal(await store.executions.acquire({ ...first, task: "task_2" }, "one"), undefined);
  });

  claim("are taken from a dead owner together with the entry that says so", async (store) => {
    await create(store);
    const row = await store.executions.acquire(first, "dead");
    assert.equal(await store.executions.evict(first, "dead", recovery, start + 5), true);
    const after = await rowOf(store);
    assert.deepEqual([after.owner, after.fence, after.headSeq], [null, (row?.fence ?? 0) + 1, 3]);
    assert.deepEqual((await store.read(first, 2))[0]?.body, recovery.body);
    assert.deepEqual(await store.executions.runnable(start, 10), [first]);
  });

  claim("are taken from a dead owner once, however many notice its death", async (store) => {
    await create(store);
    await store.executions.acquire(first, "dead");
    const tries = await Promise.all(
      Array.from({ length: 10 }, () => store.executions.evict(first, "dead", recovery, start)),
    );
    assert.equal(tries.filter(Boolean).length, 1);
    assert.equal((await rowOf(store)).headSeq, 3);
  });

  claim("are not taken from anybody else, and leave no entry then", async (store) => {
    await create(store);
    const row = await store.executions.acquire(first, "alive");
    assert.equal(await store.executions.evict(first, "dead", recovery, start), false);
    assert.deepEqual(await store.row(first), row);
  });

  claim("are not taken from an owner that has said since that it lives", async (store) => {
    await create(store);
    await store.executions.beat("idle", start);
    await store.executions.beat("idle", start + 9);
    const row = await store.executions.acquire(first, "idle");
    assert.equal(await store.executions.evict(first, "idle", recovery, start + 9, start), false);
    await store.executions.retire("idle", start);
    assert.deepEqual(await store.row(first), row);
    assert.equal(await store.executions.evict(first, "idle", recovery, start + 9, start + 9), true);
    await store.executions.retire("idle", start + 9);
    assert.deepEqual(await store.executions.owners(), []);
  });

  claim("of an ended task are taken without an entry: nothing follows the end", async (store) => {
    await create(store);
    await store.executions.acquire(first, "dead");
    await end(store);
    await store.executions.evict(first, "dead", recovery, start);
    assert.deepEqual([(await rowOf(store)).headSeq, (await rowOf(store)).owner], [3, null]);
  });

  claim("that were lost let nothing more be written, but a late receipt", async (store) => {
    await create(store);
    const row = await store.executions.acquire(first, "one");
    const fence = row?.fence ?? -1;
    await committed(store, { entries: [reply(1)], fence });
    await store.executions.evict(first, "one", recovery, start);
    assert.equal((await commit(store, { entries: [result(1, 0)], fence, keepLate: true })).kind, "lost");
    assert.equal((await store.late(first)).length, 1);
  });

  claim("all end when their owner retires, and it is known no more", async (store) => {
    await create(store);
    await create(store, { task: "task_2" });
    const row = await store.executions.acquire(first, "one");
    await store.executions.beat("one", start);
    await store.executions.acquire({ ...first, task: "task_2" }, "two");
    await store.executions.retire("one");
    assert.deepEqual([(await rowOf(store)).owner, (await rowOf(store)).fence], [null, (row?.fence ?? 0) + 1]);
    assert.equal((await rowOf(store, { ...first, task: "task_2" })).owner, "two");
    const owners = await store.executions.owners();
    assert.deepEqual(
      owners.map(({ owner, beatAt }) => [owner, beatAt]),
      [["two", 0]],
    );
  });

  claim("say who lives, since when", async (store) => {
    await store.executions.beat("one", start);
    await store.executions.beat("one", start + 500);
    assert.deepEqual(await store.executions.owners(), [{ owner: "one", beatAt: start + 500, dead: false }]);
  });

  claim("say which step an owner runs alone, until it says otherwise", async (store) => {
    const alone = { task: "task_1", key: "1/tool/0" };
    await store.executions.beat("one", start, alone);
    assert.deepEqual(await store.executions.owners(), [{ owner: "one", beatAt: start, dead: false, alone }]);
    await store.executions.beat("one", start);
    assert.deepEqual(await store.executions.owners(), [{ owner: "one", beatAt: start, dead: false }]);
  });

  claim("say what an owner holds, and what of it is to be cancelled", async (store) => {
    await create(store);
    await create(store, { task: "task_2" });
    await create(store, { task: "task_3" });
    const cancel = entry("cancel", { id: "stop" });
    for (const task of ["task_1", "task_2", "task_3"])
      await store.executions.acquire({ ...first, task }, task === "task_3" ? "two" : "one");
    for (const task of ["task_2", "task_3"])
      await committed(store, { task, entries: [cancel], accepts: "cancel:stop" });
    assert.deepEqual((await store.executions.ownedBy("one")).map(({ task }) => task).toSorted(), [
      "task_1",
      "task_2",
    ]);
    assert.deepEqual(await store.executions.cancelling("one"), [{ ...first, task: "task_2" }]);
    await end(store, { ...first, task: "task_2" });
    assert.deepEqual(await store.executions.cancelling("one"), []);
    assert.deepEqual(
      (await store.executions.ownedBy("one")).map(({ task }) => task),
      ["task_1"],
    );
  });

  claim("change nothing that the log says", async (store) => {
    await create(store);
    await openTurns(store, 1);
    const before = await store.read(first, 0);
    const row = await store.executions.acquire(first, "one");
    await committed(store, { entries: [message("a")], accepts: "message:a" });
    await store.executions.release(first, row?.fence ?? -1, { wakes: 0 });
    const { turn, headSeq, wakes } = await rowOf(store);
    assert.deepEqual({ turn, headSeq, wakes }, { turn: 1, headSeq: before.length + 1, wakes: 1 });
  });
}
