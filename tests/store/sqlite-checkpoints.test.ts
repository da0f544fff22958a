/** The write-ahead log is written back by a thread: not inside of a commit, and so that it begins anew. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { sqliteStore, type TaskStore } from "omniforge/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commit, create, first, message } from "../../packages/omniforge/src/testing/store-contract/claim.ts";

let path: string;

beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), "omniforge-checkpoints-")), "omniforge.db");
});
afterEach(() => {
  rmSync(join(path, ".."), { recursive: true });
});

/** Side by side, so many messages of so many characters. */
async function write(store: TaskStore, round: number, times: number, length = 16_000): Promise<void> {
  const one = (at: number): Promise<unknown> =>
    commit(store, { entries: [message(`m${round}-${at}`, "x".repeat(length))] });
  await Promise.all(Array.from({ length: times }, (_, at) => one(at)));
}

describe("a write-ahead log", () => {
  it("is written back and begins anew while tasks write, and no commit does it", async () => {
    const store = sqliteStore(path, { durability: "process" });
    await create(store);
    // Another connection: it only looks.
    const looking = new DatabaseSync(path);
    const look = looking.prepare("pragma wal_checkpoint(noop)");
    const pages = (): number => Number(look.get()?.["log"]);
    let [most, written, round] = [0, 0, 0];
    const deadline = Date.now() + 25_000;
    // Until it has become shorter twice.
    for (let anew = 0; anew < 2 && Date.now() < deadline; round++) {
      const before = pages();
      most = Math.max(most, before);
      // A thread that is slow today is waited for: a little is written all the same, for only that begins anew.
      const times = before < 2_000 ? 16 : 1;
      await write(store, round, times, times === 1 ? 1 : 16_000);
      if (times === 1) await setTimeout(50);
      written += times;
      if (pages() < before) anew++;
    }
    expect(most).toBeGreaterThan(900);
    // What SQLite would do by itself.
    expect(most).toBeLessThan(8_000);
    expect(pages()).toBeLessThan(most);
    looking.close();
    await store.close();
    const again = sqliteStore(path);
    expect(await again.read(first, 0)).toHaveLength(2 + written);
    await again.close();
  });

  it("is gone when the last store closes, also while it is being written back", async () => {
    const store = sqliteStore(path, { durability: "process" });
    await create(store);
    await write(store, 0, 256);
    const last = write(store, 1, 128);
    await store.close();
    await last;
    expect(existsSync(`${path}-wal`)).toBe(false);
    const again = sqliteStore(path);
    expect(await again.read(first, 0)).toHaveLength(2 + 384);
    await again.close();
  });
});
