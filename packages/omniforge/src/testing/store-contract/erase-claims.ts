/** Erasing deletes what was said and keeps the log's skeleton; who writes afterwards is refused. */
import assert from "node:assert/strict";
import { entry, type Entry } from "../../protocol/entry.ts";
import type { TaskReference } from "../../protocol/task.ts";
import type { NewTask, TaskStore } from "../../store/task-store.ts";
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
  rejects,
  result,
  rowOf,
  start,
  type Claim,
} from "./claim.ts";
import { userMessage } from "../../protocol/message.ts";

const secret = "the patient's name";

/** An ended task that says the secret in every place where something can be said. */
async function endedWithSecret(store: TaskStore): Promise<readonly Entry[]> {
  await create(store, {
    idempotencyKey: secret,
    message: { id: "first", message: userMessage(secret), actor: secret },
  });
  await openTurns(store, 1);
  await committed(store, { entries: [message("second", secret)], accepts: `message:${secret}` });
  await committed(store, {
    entries: [entry("request", { id: "r", kind: "question", key: "1/tool/1", prompt: secret })],
  });
  await committed(store, {
    entries: [
      entry("input", { id: "r", outcome: "answered", answer: { decision: "answer", value: secret } }),
    ],
    accepts: "input:r",
  });
  await committed(store, { entries: [result(1, 0, secret)] });
  await committed(store, { entries: [entry("cancel", { id: "c", reason: secret })], accepts: "cancel:c" });
  await end(store);
  await commit(store, { entries: [result(1, 2, secret)], keepLate: true });
  return store.read(first, 0);
}

async function everythingShown(store: TaskStore): Promise<string> {
  const shown = [
    await store.row(first),
    await store.turn(first),
    await store.read(first, 0),
    await store.late(first),
    await store.find(first, "1/tool/0"),
    await store.findAccepted(first, "input:r"),
    await store.findAccepted(first, `message:${secret}`),
    await store.list({ tenant: first.tenant, limit: 10 }),
  ];
  return JSON.stringify(shown);
}

export function eraseClaims(claim: Claim): void {
  claim("deletes what was said, wherever it stood", async (store) => {
    await endedWithSecret(store);
    assert.ok((await everythingShown(store)).includes(secret));
    await store.erase(first, start + 1);
    assert.ok(!(await everythingShown(store)).includes(secret));
  });

  claim("keeps seq, kind, key and time of every entry, and the head's figures", async (store) => {
    const before = await endedWithSecret(store);
    const row = await rowOf(store);
    await store.erase(first, start + 1);
    const skeleton = (log: readonly Entry[]): unknown =>
      log.map(({ seq, kind, key, at }) => ({ seq, kind, key, at }));
    assert.deepEqual(skeleton(await store.read(first, 0)), skeleton(before));
    const { state, headSeq, turn, endedSeq } = await rowOf(store);
    assert.deepEqual(
      { state, headSeq, turn, endedSeq },
      { state: row.state, headSeq: row.headSeq, turn: row.turn, endedSeq: row.endedSeq },
    );
    assert.equal((await rowOf(store)).erased, true);
  });

  claim("refuses late writers, and keeps nothing of theirs", async (store) => {
    await endedWithSecret(store);
    await store.erase(first, start + 1);
    assert.deepEqual(await commit(store, { entries: [result(1, 5, secret)], turn: 1, keepLate: true }), {
      kind: "ended",
    });
    assert.deepEqual(await commit(store, { entries: [result(1, 0, secret)], turn: 1, keepLate: true }), {
      kind: "ended",
    });
    assert.deepEqual(await commit(store, { entries: [message("m", secret)], accepts: "message:m" }), {
      kind: "ended",
    });
    assert.equal(
      (await store.create(newTask({ message: { id: "first", message: userMessage(secret) } }))).created,
      false,
    );
    assert.ok(!(await everythingShown(store)).includes(secret));
  });

  claim("deletes what a writer at the same moment keeps aside, whoever comes first", async (store) => {
    await endedWithSecret(store);
    const late = (index: number): Promise<unknown> =>
      commit(store, { entries: [result(1, index, secret)], keepLate: true });
    await Promise.all([late(6), store.erase(first, start + 1), late(7)]);
    assert.deepEqual(await store.late(first), []);
  });

  claim("forgets the idempotency key: the same order again is a new task", async (store) => {
    await endedWithSecret(store);
    await store.erase(first, start + 1);
    const again = await store.create(newTask({ task: "task_2", idempotencyKey: secret }));
    assert.deepEqual([again.created, again.row.task], [true, "task_2"]);
  });

  claim("refuses a task that has not ended, and one that is not there", async (store) => {
    await rejects(store.erase(first, start), "TASK_NOT_FOUND");
    await create(store);
    await rejects(store.erase(first, start), "TASK_NOT_ENDED");
    assert.equal((await rowOf(store)).erased, false);
  });

  claim("may be repeated, and leaves other tasks alone", async (store) => {
    await endedWithSecret(store);
    const other = { ...first, task: "task_2" };
    await create(store, other);
    const before = await store.read(other, 0);
    await store.erase(first, start + 1);
    await store.erase(first, start + 2);
    assert.deepEqual(await store.read(other, 0), before);
  });

  claim("deletes all of a log that is longer than what is deleted at once", async (store) => {
    await create(store);
    for (let index = 0; index < 1_100; index += 100)
      await committed(store, {
        entries: Array.from({ length: 100 }, (_, more) => message(`m${index + more}`, secret)),
      });
    await end(store);
    await store.erase(first, start + 1);
    await store.scrub({ rewrites: false });
    assert.ok(!(await everythingShown(store)).includes(secret));
  });

  claim(
    "finds what ended before a time, of all tenants, the oldest first, and nothing that is erased",
    async (store) => {
      const ended = async (task: string, at: number, some: Partial<NewTask> = {}): Promise<TaskReference> => {
        const { tenant } = await create(store, { task, ...some });
        await committed(store, { tenant, task, entries: [endedEntry], at });
        return { tenant, task };
      };
      await ended("task_3", start + 30);
      await ended("task_1", start + 10);
      await ended("task_2", start + 20, { tenant: "other" });
      await ended("task_0", start + 20);
      await create(store, { task: "task_4" });
      await store.erase(await ended("task_5", start + 5), start + 40);
      const ids = async (...asked: Parameters<TaskStore["endedBefore"]>): Promise<string[]> =>
        (await store.endedBefore(...asked)).map(({ task }) => task);
      assert.deepEqual(await ids(start + 30, 10), ["task_1", "task_0", "task_2"]);
      const [oldest] = await store.endedBefore(start + 99, 1);
      assert.deepEqual(await ids(start + 99, 2, oldest), ["task_0", "task_2"]);
      const parent = { task: "task_4", key: "1/tool/0" };
      await ended("task_4.1.0", start + 1, { parent, root: "task_4", depth: 1 });
      assert.deepEqual(await ids(start + 9, 10), []);
    },
  );
}
