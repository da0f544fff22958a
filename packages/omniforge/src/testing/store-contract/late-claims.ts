/** W2: what comes too late for the log, and must not be forgotten, is kept beside it. */
import assert from "node:assert/strict";
import { entry } from "../../protocol/entry.ts";
import {
  commit,
  committed,
  create,
  end,
  first,
  openTurns,
  reply,
  result,
  rowOf,
  start,
  type Claim,
} from "./claim.ts";

export function lateClaims(claim: Claim): void {
  claim(
    "are kept with their key and time after the end, without seq or effect on the head",
    async (store) => {
      await create(store);
      await openTurns(store, 1);
      await end(store);
      const before = await rowOf(store);
      const receipt = result(1, 0, "receipt 4711");
      assert.equal(
        (await commit(store, { entries: [receipt], turn: 1, keepLate: true, at: start + 9 })).kind,
        "ended",
      );
      assert.deepEqual(await store.late(first), [{ key: "1/tool/0", at: start + 9, entry: receipt }]);
      assert.deepEqual(await store.row(first), before);
    },
  );

  claim(
    "are kept where the key has another outcome, the turn is over, or the fence has moved",
    async (store) => {
      await create(store);
      const row = await store.executions.acquire(first, "one");
      await openTurns(store, 1);
      const unknown = entry("result", { name: "tool", status: "unknown", parts: [] }, "1/tool/0");
      await committed(store, { entries: [unknown] });
      assert.equal((await commit(store, { entries: [result(1, 0)], turn: 1, keepLate: true })).kind, "found");
      await openTurns(store, 2);
      assert.equal((await commit(store, { entries: [result(1, 1)], turn: 1, keepLate: true })).kind, "stale");
      await store.executions.retire("one");
      const lost = await commit(store, {
        entries: [result(2, 0)],
        turn: 2,
        keepLate: true,
        fence: row?.fence ?? -1,
      });
      assert.equal(lost.kind, "lost");
      assert.deepEqual(
        (await store.late(first)).map(({ key }) => key),
        ["1/tool/0", "1/tool/1", "2/tool/0"],
      );
    },
  );

  claim("are not made of what nobody asked to keep", async (store) => {
    await create(store);
    await openTurns(store, 1);
    await end(store);
    assert.equal((await commit(store, { entries: [result(1, 0)], turn: 1 })).kind, "ended");
    assert.equal((await commit(store, { entries: [reply(1)] })).kind, "found");
    assert.deepEqual(await store.late(first), []);
  });

  claim("are not made of a commit that is repeated: the log has that outcome", async (store) => {
    await create(store);
    await openTurns(store, 1);
    await committed(store, { entries: [result(1, 0)], turn: 1, keepLate: true });
    assert.equal((await commit(store, { entries: [result(1, 0)], turn: 1, keepLate: true })).kind, "found");
    assert.deepEqual(await store.late(first), []);
  });

  claim("belong to the caller: changing what was read changes nothing", async (store) => {
    await create(store);
    await end(store);
    await commit(store, { entries: [result(1, 0)], keepLate: true });
    const read = await store.late(first);
    await commit(store, { entries: [result(1, 1)], keepLate: true });
    assert.equal(read.length, 1);
    assert.equal((await store.late(first)).length, 2);
  });
}
