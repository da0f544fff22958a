/** W1 under load: every commit is whole, alone, and in its place. */
import assert from "node:assert/strict";
import type { Json } from "../../protocol/json.ts";
import { entry, type NewEntry } from "../../protocol/entry.ts";
import {
  assertGapFree,
  commit,
  committed,
  create,
  first,
  message,
  openTurns,
  result,
  rowOf,
  type Claim,
} from "./claim.ts";

const times = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** An entry that no store can write: it throws when it is read. */
function unwritable(): NewEntry {
  const value: { [key: string]: Json } = {};
  Object.defineProperty(value, "secret", {
    enumerable: true,
    get() {
      throw new Error("this value can't be read");
    },
  });
  return entry("artifact", { name: "broken", part: { type: "data", value } });
}

export function concurrencyClaims(claim: Claim): void {
  claim("gives 200 commits at once 200 seqs without a gap", async (store) => {
    await create(store);
    await openTurns(store, 1);
    const made = await Promise.all(
      times(200, (index) => committed(store, { entries: [result(1, index), message(`m${index}`)] })),
    );
    assert.equal(new Set(made.flatMap(({ entries }) => entries.map(({ seq }) => seq))).size, 400);
    for (const { entries } of made) assert.equal((entries[1]?.seq ?? 0) - (entries[0]?.seq ?? 0), 1);
    assert.equal((await rowOf(store)).headSeq, 403);
    assert.equal((await rowOf(store)).messages, 201);
    await assertGapFree(store);
  });

  claim("keeps the logs of many tasks apart under commits at once", async (store) => {
    const tasks = times(20, (index) => ({ ...first, task: `task_${index}` }));
    await Promise.all(tasks.map((task) => create(store, task)));
    await Promise.all(
      tasks.flatMap((task) =>
        times(10, (index) => committed(store, { ...task, entries: [message(`${task.task}-${index}`)] })),
      ),
    );
    for (const task of tasks) {
      await assertGapFree(store, task);
      const said = (await store.read(task, 2)).map((one) => (one.kind === "message" ? one.body.id : ""));
      assert.ok(said.length === 10 && said.every((id) => id.startsWith(`${task.task}-`)));
    }
  });

  claim("gives one of 100 commits under one key the key, and shows it to the others", async (store) => {
    await create(store);
    await openTurns(store, 1);
    const made = await Promise.all(
      times(100, (index) => commit(store, { entries: [result(1, 0, `${index}`)], turn: 1 })),
    );
    assert.equal(made.filter(({ kind }) => kind === "committed").length, 1);
    const shown = made.map((one) =>
      one.kind === "committed" ? one.entries[0] : one.kind === "found" ? one.entry : undefined,
    );
    for (const one of shown) assert.deepEqual(one, shown[0]);
    await assertGapFree(store);
  });

  claim("accepts one of 100 answers to one request", async (store) => {
    await create(store);
    const answer = (index: number): NewEntry =>
      entry("input", { id: "r", outcome: "answered", answer: { decision: "answer", value: index } });
    const made = await Promise.all(
      times(100, (index) => commit(store, { entries: [answer(index)], accepts: "input:r" })),
    );
    assert.equal(made.filter(({ kind }) => kind === "committed").length, 1);
    assert.equal((await rowOf(store)).wakes, 1);
  });

  claim("lets one of 50 commits on the same head through", async (store) => {
    await create(store);
    const made = await Promise.all(
      times(50, (index) => commit(store, { entries: [message(`m${index}`)], seq: 2 })),
    );
    assert.deepEqual(made.filter(({ kind }) => kind !== "moved").length, 1);
    assert.equal((await rowOf(store)).headSeq, 3);
  });

  claim("fails a write that can't be stored, and none of its neighbours", async (store) => {
    await create(store);
    const good = times(5, (index) => committed(store, { entries: [message(`before${index}`)] }));
    const bad = commit(store, { entries: [message("half"), unwritable()], accepts: "message:half" });
    const more = times(5, (index) => committed(store, { entries: [message(`after${index}`)] }));
    await assert.rejects(bad);
    await Promise.all([...good, ...more]);
    assert.equal((await rowOf(store)).headSeq, 12);
    assert.equal(await store.findAccepted(first, "message:half"), undefined);
    await assertGapFree(store);
  });
}
