import { sqliteStore, type TaskStore } from "omniforge/store";
import { afterAll, expect, it } from "vitest";
import { recover } from "../../packages/omniforge/src/in-process/recovery.ts";
import { create, first } from "../../packages/omniforge/src/testing/store-contract/claim.ts";
import { openWorld } from "../invariants/world.ts";
import { answering } from "../invariants/scripts.ts";
import { folder } from "./processes.ts";

const databases = folder();
afterAll(databases.remove);

/** When, in the course of a recovery, the process that counts as dead says that it lives and takes a task. */
it.each(["owners", "ownedBy"] as const)(
  "a process that says it lives, and takes a task, after its recoverer has read its %s keeps the task",
  async (moment) => {
    const store = sqliteStore(databases.path(`${moment}.db`), { durability: "process" });
    const other = sqliteStore(databases.path(`${moment}.db`), { durability: "process" });
    const { executions } = other;
    await create(store);
    await store.executions.beat("idle", 1);
    let fence = -1;
    const meanwhile = async (): Promise<void> => {
      if (fence !== -1) return;
      await store.executions.beat("idle", Date.now());
      fence = (await store.executions.acquire(first, "idle"))?.fence ?? -1;
    };
    const interrupted: TaskStore = {
      ...other,
      executions: {
        ...executions,
        owners: async () => {
          const found = await executions.owners();
          if (moment === "owners") await meanwhile();
          return found;
        },
        ownedBy: async (owner) => {
          const found = await executions.ownedBy(owner);
          if (moment === "ownedBy") await meanwhile();
          return found;
        },
      },
    };
    const world = openWorld({ script: answering });
    await recover({ ...world, store: interrupted }, "recoverer", (owners) => owners);
    const row = await store.row(first);
    const log = await store.read(first, 0);
    const known = (await store.executions.owners()).map(({ owner }) => owner);
    await world.close();
    await store.executions.retire("idle");
    await Promise.all([store.close(), other.close()]);
    expect([row?.owner, row?.fence, known]).toEqual(["idle", fence, ["idle"]]);
    expect(log.filter(({ kind }) => kind === "recovery")).toEqual([]);
  },
);
