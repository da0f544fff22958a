import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { sqliteStore, type TaskStore } from "omniforge/store";
import { afterAll, describe, expect, it } from "vitest";
import { first, message, newTask } from "../../packages/omniforge/src/testing/store-contract/claim.ts";
import { acknowledgedBy, folder, start, type Child } from "./processes.ts";

const databases = folder();
afterAll(databases.remove);

/** Every acknowledged commit is in the log under its seq, whole; and seqs have no gap. */
async function expectKept(store: TaskStore, children: readonly Child[]): Promise<number> {
  const log = await store.read(first, 0);
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  expect((await store.row(first))?.headSeq).toBe(log.length);
  const told = children.flatMap(acknowledgedBy);
  for (const { id, seq } of told) {
    expect(log[seq - 1]).toMatchObject({ kind: "message", body: { id } });
    expect(log[seq]).toMatchObject({ kind: "recovery", body: { steps: [id] } });
  }
  return told.length;
}

function integrity(path: string): unknown {
  const database = new DatabaseSync(path);
  try {
    return database.prepare("pragma integrity_check").get()?.["integrity_check"];
  } finally {
    database.close();
  }
}

describe("two processes on one database", () => {
  it("lose no commit and leave no gap when both commit at once", async () => {
    const path = databases.path("two.db");
    await sqliteStore(path).close();
    const children = ["a", "b"].map((name) => start("commit", path, name, "400"));
    for (const child of children)
      expect(await child.ended).toEqual({ how: 0, complaint: expect.any(String) as string });
    const store = sqliteStore(path);
    expect(await expectKept(store, children)).toBe(800);
    expect((await store.row(first))?.headSeq).toBe(2 + 1_600);
    await store.close();
  });

  it("wait for one another without blocking their event loops", async () => {
    const path = databases.path("busy.db");
    const store = sqliteStore(path);
    await store.create(newTask());
    const holder = start("hold", path, "1000");
    await holder.saidAtLeast(1);
    // One that blocks ticks once, when the lock is free.
    let ticks = 0;
    let longest = 0;
    let last = performance.now();
    const ticking = setInterval(() => {
      ticks++;
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    const began = performance.now();
    const made = await Promise.all(
      [1, 2, 3].map((n) => store.commit({ ...first, entries: [message(`m${n}`)], at: 1 })),
    );
    clearInterval(ticking);
    expect(made.map(({ kind }) => kind)).toEqual(["committed", "committed", "committed"]);
    expect(performance.now() - began).toBeGreaterThan(500);
    expect(ticks).toBeGreaterThan(30);
    expect(longest).toBeLessThan(600);
    await holder.ended;
    await store.close();
  });

  it("read while another writes, and see what it has committed", async () => {
    const path = databases.path("readers.db");
    const store = sqliteStore(path);
    await store.create(newTask());
    const version = store.version();
    const writer = start("commit", path, "w", "200");
    let seen = 0;
    while (seen < 402) {
      const { headSeq = 0 } = (await store.row(first)) ?? {};
      const log = await store.read(first, 0);
      expect(log.length).toBeGreaterThanOrEqual(headSeq);
      expect(headSeq).toBeGreaterThanOrEqual(seen);
      seen = headSeq;
      await delay(2);
    }
    await writer.ended;
    expect(store.version()).not.toBe(version);
    await store.close();
  });
});

describe("kill -9 during a burst of commits", () => {
  it.each(["power", "process"])("loses no acknowledged commit (durability: %s)", async (durability) => {
    const path = databases.path(`killed-${durability}.db`);
    await sqliteStore(path).close();
    const children: Child[] = [];
    for (const [round, ms] of [3, 40, 110, 230].entries()) {
      const child = start("burst", path, durability);
      children.push(child);
      await child.saidAtLeast(1 + round * 20);
      await delay(ms);
      child.process.kill("SIGKILL");
      expect((await child.ended).how).toBe("SIGKILL");
      const store = sqliteStore(path);
      expect(await expectKept(store, children)).toBeGreaterThan(0);
      await store.close();
      expect(integrity(path)).toBe("ok");
    }
    expect(children.every((child) => acknowledgedBy(child).length > 0)).toBe(true);
  });

  it("is noticed to lose one where an acknowledged commit is taken away", async () => {
    const path = databases.path("robbed.db");
    const child = start("commit", path, "a", "20");
    await child.ended;
    const database = new DatabaseSync(path);
    database.exec("delete from entries where seq > 40; update tasks set head_seq = 40");
    database.close();
    const store = sqliteStore(path);
    await expect(expectKept(store, [child])).rejects.toMatchObject({ name: "AssertionError" });
    await store.close();
  });
});
