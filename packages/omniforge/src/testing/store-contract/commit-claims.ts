/** W1, W2, K1, K2: what a commit writes, and every way in which it is refused. */
import assert from "node:assert/strict";
import { entry } from "../../protocol/entry.ts";
import { stepKey } from "../../protocol/step-key.ts";
import { emptyHead } from "../../store/decide.ts";
import { project } from "../../store/project.ts";
import type { TaskHead } from "../../store/task-store.ts";
import {
  commit,
  committed,
  create,
  end,
  endedEntry,
  first,
  message,
  newTask,
  openTurns,
  reply,
  result,
  rowOf,
  start,
  type Claim,
} from "./claim.ts";

const request = { id: "1/tool/0", kind: "approval" as const, key: "1/tool/0", prompt: "Allow?" };

export function commitClaims(claim: Claim): void {
  claim("takes its seqs from the head row and moves the head with them", async (store) => {
    await create(store);
    const made = await committed(store, { entries: [reply(1), result(1, 0)], at: start + 5 });
    assert.deepEqual(
      made.entries.map(({ seq, at, v }) => [seq, at, v]),
      [
        [3, start + 5, 1],
        [4, start + 5, 1],
      ],
    );
    assert.deepEqual(await store.read(first, 2), made.entries);
    const row = await rowOf(store);
    assert.deepEqual({ ...row, ...made.head }, row);
  });

  claim("keeps a head that is the projection of its log", async (store) => {
    const order = newTask();
    await create(store, order);
    const usage = { inputTokens: 7, outputTokens: 3 };
    await committed(store, {
      entries: [reply(1, { usage, took: ["first"] }), entry("request", request)],
      at: start + 10,
    });
    await committed(store, { entries: [message("second")], accepts: "message:second", at: start + 20 });
    await committed(store, {
      entries: [entry("input", { id: request.id, outcome: "expired" })],
      accepts: "input:1",
      at: start + 50,
    });
    await committed(store, {
      entries: [result(1, 0), entry("child", { task: "c", agent: "a" }, "1/open/1")],
      at: start + 60,
    });
    await committed(store, {
      entries: [reply(2, { outcome: "context-full" })],
      turn: 2,
      opensTurn: true,
      at: start + 70,
    });
    await committed(store, {
      entries: [entry("compaction", { outcome: "compacted", epoch: 1, usage }, "2/compact/0")],
      at: start + 80,
    });
    await committed(store, {
      entries: [entry("cancel", { id: "stop" })],
      accepts: "cancel:stop",
      at: start + 90,
    });
    await committed(store, { entries: [entry("ended", { state: "canceled", parts: [] })], at: start + 100 });
    const projected = (await store.read(first, 0)).reduce<TaskHead>(project, emptyHead(order));
    const row = await rowOf(store);
    assert.deepEqual({ ...row, ...projected }, row);
    assert.deepEqual(
      [row.state, row.turn, row.epoch, row.messages, row.taken, row.children, row.activeMs],
      ["canceled", 2, 1, 2, 1, 1, 60],
    );
    assert.deepEqual(row.usage, { inputTokens: 14, outputTokens: 6 });
  });

  claim("never lets a log's times go back, whatever the clock says", async (store) => {
    await create(store);
    await committed(store, { entries: [reply(1)], at: start + 100 });
    const { entries } = await committed(store, { entries: [result(1, 0)], at: start - 100 });
    assert.equal(entries[0]?.at, start + 100);
    assert.equal((await rowOf(store)).updatedAt, start + 100);
  });

  claim("is refused as missing where there is no such task", async (store) => {
    assert.deepEqual(await commit(store, { entries: [reply(1)], keepLate: true }), { kind: "missing" });
  });

  claim("returns what was found under its key, and inserts none of its entries", async (store) => {
    await create(store);
    const made = await committed(store, { entries: [reply(1)], turn: 1, opensTurn: true });
    const again = await commit(store, {
      entries: [reply(1, { model: "other" }), message("x")],
      turn: 1,
      opensTurn: true,
    });
    assert.deepEqual(again, { kind: "found", entry: made.entries[0] });
    assert.equal((await rowOf(store)).headSeq, 3);
  });

  claim("is decided by its own key and by the keys of all its entries", async (store) => {
    await create(store);
    await openTurns(store, 1);
    await committed(store, { entries: [result(1, 0)] });
    const attempt = entry("attempt", { step: "1/tool/0", error: { code: "TOOL_FAILED", message: "" } });
    assert.equal((await commit(store, { entries: [attempt], key: stepKey(1, "tool", 0) })).kind, "found");
    assert.equal((await commit(store, { entries: [result(1, 1), result(1, 0)] })).kind, "found");
    assert.equal(await store.find(first, stepKey(1, "tool", 1)), undefined);
  });

  claim("finds the outcome of an earlier turn, and inserts nothing for one", async (store) => {
    await create(store);
    await openTurns(store, 1);
    const made = await committed(store, { entries: [result(1, 0)], turn: 1 });
    await openTurns(store, 3);
    assert.deepEqual(await commit(store, { entries: [result(1, 0, "again")], turn: 1 }), {
      kind: "found",
      entry: made.entries[0],
    });
    assert.deepEqual(await commit(store, { entries: [result(1, 1)], turn: 1 }), { kind: "stale" });
    assert.deepEqual(await commit(store, { entries: [result(2, 0)], turn: 2 }), { kind: "stale" });
  });

  claim("opens the next turn and no other", async (store) => {
    await create(store);
    await openTurns(store, 2);
    assert.deepEqual(await commit(store, { entries: [reply(4)], turn: 4, opensTurn: true }), {
      kind: "stale",
    });
    const twice = { ...reply(2), key: "another" };
    assert.deepEqual(await commit(store, { entries: [twice], turn: 2, opensTurn: true }), { kind: "stale" });
    assert.equal((await rowOf(store)).turn, 2);
  });

  claim("accepts an id once for the task's life, and counts one wake for it", async (store) => {
    await create(store);
    const made = await committed(store, { entries: [message("second")], accepts: "message:second" });
    await openTurns(store, 2);
    const again = await commit(store, {
      entries: [message("second", "Another.")],
      accepts: "message:second",
    });
    assert.deepEqual(again, { kind: "found", entry: made.entries[0] });
    assert.deepEqual(await store.findAccepted(first, "message:second"), made.entries[0]);
    assert.equal((await rowOf(store)).wakes, 1);
  });

  claim(
    "accepts an answer under its request's id and its message's, and either of them once",
    async (store) => {
      await create(store);
      await committed(store, { entries: [reply(1), entry("request", request)] });
      const answer = entry("input", { id: request.id, outcome: "answered", message: "m" });
      const made = await committed(store, {
        entries: [answer],
        accepts: [`input:${request.id}`, "message:m"],
      });
      const found = { kind: "found", entry: made.entries[0] };
      const other = `input:other`;
      assert.deepEqual(await commit(store, { entries: [answer], accepts: [other, "message:m"] }), found);
      assert.deepEqual(
        await commit(store, { entries: [answer], accepts: [`input:${request.id}`, "message:n"] }),
        found,
      );
      assert.deepEqual(await commit(store, { entries: [message("m")], accepts: "message:m" }), found);
      assert.deepEqual(await store.findAccepted(first, "message:m"), made.entries[0]);
      assert.equal(await store.findAccepted(first, "message:n"), undefined);
      assert.equal(await store.findAccepted(first, other), undefined);
      assert.equal((await rowOf(store)).wakes, 1);
    },
  );

  claim("is refused as lost once the fence has moved", async (store) => {
    await create(store);
    const row = await store.executions.acquire(first, "one");
    await committed(store, { entries: [reply(1)], fence: row?.fence ?? -1 });
    await store.executions.retire("one");
    assert.deepEqual(await commit(store, { entries: [result(1, 0)], fence: row?.fence ?? -1 }), {
      kind: "lost",
    });
  });

  claim("is refused as moved when the head is not the one that was read", async (store) => {
    await create(store);
    assert.deepEqual(await commit(store, { entries: [reply(1)], seq: 1, keepLate: true }), { kind: "moved" });
    assert.deepEqual(await store.late(first), []);
    await committed(store, { entries: [reply(1)], seq: 2 });
  });

  claim("lets the first terminal entry win, and no seq follow it", async (store) => {
    await create(store);
    await openTurns(store, 1);
    await end(store);
    const refused = { kind: "ended" };
    assert.deepEqual(
      await commit(store, { entries: [entry("ended", { state: "failed", parts: [] })] }),
      refused,
    );
    assert.deepEqual(await commit(store, { entries: [result(1, 0)], turn: 1 }), refused);
    assert.deepEqual(await commit(store, { entries: [message("x")], accepts: "message:x" }), refused);
    assert.deepEqual([(await rowOf(store)).state, (await rowOf(store)).headSeq], ["completed", 4]);
    assert.equal((await commit(store, { entries: [reply(1)] })).kind, "found");
  });

  claim("writes nothing when it is refused", async (store) => {
    const before = await create(store);
    await commit(store, { entries: [reply(1)], seq: 9 });
    await commit(store, { entries: [reply(1)], fence: 9 });
    await commit(store, { entries: [reply(9)], turn: 9, opensTurn: true });
    assert.deepEqual(await store.row(first), before);
    assert.deepEqual(await store.late(first), []);
  });

  claim("wakes the parent in the commit that ends its sub-agent", async (store) => {
    await create(store);
    const child = { ...first, task: "task_1.1.0" };
    await create(store, { ...child, parent: { task: first.task, key: "1/tool/0" } });
    await committed(store, { ...child, entries: [reply(1)] });
    assert.equal((await rowOf(store)).wakes, 0);
    await committed(store, { ...child, entries: [endedEntry] });
    assert.equal((await rowOf(store)).wakes, 1);
  });
}
