/** P1: a task comes into being once, by its id and by its tenant's idempotency key. */
import assert from "node:assert/strict";
import { entry } from "../../protocol/entry.ts";
import { userMessage } from "../../protocol/message.ts";
import { stepKey } from "../../protocol/step-key.ts";
import {
  committed,
  commit,
  create,
  end,
  first,
  newTask,
  rejects,
  rowOf,
  type Claim,
  message,
} from "./claim.ts";

const child = {
  task: "task_1.1.0",
  root: first.task,
  depth: 1,
  parent: { task: first.task, key: stepKey(1, "tool", 0) },
};

export function createClaims(claim: Claim): void {
  claim("writes that the task exists and what it was asked, as seq 1 and 2", async (store) => {
    const { row, created } = await store.create(newTask({ workspace: "/work" }));
    assert.equal(created, true);
    assert.deepEqual(
      [row.state, row.headSeq, row.turn, row.messages, row.taken, row.workspace],
      ["submitted", 2, 0, 1, 0, "/work"],
    );
    const log = await store.read(first, 0);
    assert.deepEqual(
      log.map(({ seq, kind }) => [seq, kind]),
      [
        [1, "created"],
        [2, "message"],
      ],
    );
    assert.deepEqual(await store.row(first), row);
  });

  claim("finds the task when the same id is created again, and writes nothing", async (store) => {
    const row = await create(store);
    const again = await store.create(newTask({ message: { id: "other", message: userMessage("Another.") } }));
    assert.deepEqual(again, { row, created: false });
    assert.equal((await store.read(first, 0)).length, 2);
  });

  claim("finds the task of the same tenant and idempotency key under any id", async (store) => {
    await create(store, { idempotencyKey: "order-7" });
    const again = await store.create(newTask({ task: "task_2", idempotencyKey: "order-7" }));
    assert.deepEqual([again.created, again.row.task], [false, first.task]);
    assert.equal(await store.row({ ...first, task: "task_2" }), undefined);
  });

  claim("lets two tenants use the same idempotency key", async (store) => {
    await create(store, { idempotencyKey: "order-7" });
    const other = await store.create(
      newTask({ tenant: "globex", task: "task_2", idempotencyKey: "order-7" }),
    );
    assert.deepEqual([other.created, other.row.task], [true, "task_2"]);
  });

  claim("creates one task for twenty orders of one idempotency key at once", async (store) => {
    const orders = Array.from({ length: 20 }, (_, index) =>
      newTask({ task: `task_${index}`, idempotencyKey: "order-7" }),
    );
    const made = await Promise.all(orders.map((order) => store.create(order)));
    assert.equal(made.filter(({ created }) => created).length, 1);
    assert.equal(new Set(made.map(({ row }) => row.task)).size, 1);
  });

  claim("refuses an id that another tenant has, and leaves that task alone", async (store) => {
    const row = await create(store);
    await rejects(store.create(newTask({ tenant: "globex" })), "TASK_CONFLICT");
    assert.deepEqual(await store.row(first), row);
    assert.equal(await store.row({ ...first, tenant: "globex" }), undefined);
  });

  claim("pins the spec set under its hash", async (store) => {
    await create(store);
    assert.deepEqual(await store.specs("sha256-specs"), newTask().specs.set);
    assert.equal(await store.specs("sha256-other"), undefined);
  });

  claim("accepts the first message under its id", async (store) => {
    await create(store);
    assert.equal((await store.findAccepted(first, "message:first"))?.seq, 2);
    const again = await commit(store, { entries: [message("first", "Another.")], accepts: "message:first" });
    assert.equal(again.kind, "found");
  });

  claim("opens a sub-agent's task below its parent", async (store) => {
    await create(store);
    const row = await create(store, child);
    assert.deepEqual(
      [row.parent, row.parentKey, row.root, row.depth],
      [first.task, "1/tool/0", first.task, 1],
    );
  });

  claim(
    "refuses a sub-agent of a task that is missing, another tenant's, cancelled or ended",
    async (store) => {
      await rejects(store.create(newTask(child)), "PARENT_ENDED");
      await create(store, { tenant: "globex" });
      await rejects(store.create(newTask(child)), "PARENT_ENDED");
      const cancelled = { ...first, task: "task_2" };
      await create(store, cancelled);
      await committed(store, {
        ...cancelled,
        entries: [entry("cancel", { id: "stop" })],
        accepts: "cancel:stop",
      });
      await rejects(
        store.create(newTask({ ...child, parent: { ...child.parent, task: "task_2" } })),
        "PARENT_ENDED",
      );
      const ended = { ...first, task: "task_3" };
      await create(store, ended);
      await end(store, ended);
      await rejects(
        store.create(newTask({ ...child, parent: { ...child.parent, task: "task_3" } })),
        "PARENT_ENDED",
      );
    },
  );

  claim("still finds a sub-agent's task after its parent has ended", async (store) => {
    await create(store);
    const row = await create(store, child);
    await end(store);
    const again = await store.create(newTask(child));
    assert.deepEqual([again.created, again.row.task], [false, row.task]);
    assert.equal((await rowOf(store, row)).headSeq, 2);
  });
}
