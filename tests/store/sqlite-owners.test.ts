import { setTimeout as delay } from "node:timers/promises";
import { entry } from "omniforge/protocol";
import { sqliteStore, type TaskStore } from "omniforge/store";
import { afterAll, describe, expect, it } from "vitest";
import { first } from "../../packages/omniforge/src/testing/store-contract/claim.ts";
import { folder, start } from "./processes.ts";

const databases = folder();
afterAll(databases.remove);

async function isDead(store: TaskStore, owner: string): Promise<boolean | undefined> {
  return (await store.executions.owners()).find((one) => one.owner === owner)?.dead;
}

describe("a process that holds a task", () => {
  it("is known to be dead at once when it is killed, and its task can be taken", async () => {
    const path = databases.path("killed.db");
    const child = start("own", path, "victim");
    await child.saidAtLeast(1);
    const store = sqliteStore(path);
    expect(await isDead(store, "victim")).toBe(false);
    expect(await store.executions.acquire(first, "other")).toBeUndefined();
    child.process.kill("SIGKILL");
    await child.ended;
    expect(await isDead(store, "victim")).toBe(true);
    expect(await store.executions.evict(first, "victim", entry("recovery", { steps: [] }), Date.now())).toBe(
      true,
    );
    await store.executions.retire("victim");
    expect(await store.executions.owners()).toEqual([]);
    expect((await store.executions.acquire(first, "other"))?.owner).toBe("other");
    await store.close();
  });

  it("is not dead while it is paused, nor after it was retired and comes back", async () => {
    const path = databases.path("paused.db");
    const child = start("own", path, "sleeper");
    await child.saidAtLeast(1);
    const store = sqliteStore(path);
    child.process.kill("SIGSTOP");
    await delay(50);
    expect(await isDead(store, "sleeper")).toBe(false);
    await store.executions.retire("sleeper");
    expect(await store.executions.owners()).toEqual([]);
    child.process.kill("SIGCONT");
    await store.executions.beat("another", Date.now());
    expect(await isDead(store, "another")).toBe(false);
    child.process.kill("SIGKILL");
    await child.ended;
    await store.close();
  });

  it("is seen alive by another store of the same process", async () => {
    const path = databases.path("same.db");
    const [one, two] = [sqliteStore(path), sqliteStore(path)];
    await one.executions.beat("here", Date.now());
    expect([await isDead(one, "here"), await isDead(two, "here")]).toEqual([false, false]);
    await one.executions.retire("here");
    expect(await isDead(two, "here")).toBeUndefined();
    await Promise.all([one.close(), two.close()]);
  });
});
