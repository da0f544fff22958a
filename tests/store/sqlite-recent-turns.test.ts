/** What a store keeps of the turns it read last never differs from what is there, whoever writes in between. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, asyncProperty, constantFrom, array, tuple } from "fast-check";
import { sqliteStore, type TaskStore } from "omniforge/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  commit,
  create,
  end,
  first,
  message,
  openTurns,
  result,
  start,
} from "../../packages/omniforge/src/testing/store-contract/claim.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "omniforge-turns-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

let databases = 0;

/** Two stores on one database, as two processes have them; and a third that has kept nothing, for comparing. */
async function onOneDatabase(
  use: (stores: readonly [TaskStore, TaskStore], afresh: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const path = join(directory, `${databases++}.db`);
  const open = (): TaskStore => sqliteStore(path, { durability: "process" });
  const stores = [open(), open()] as const;
  await create(stores[0]);
  try {
    await use(stores, async () => {
      const fresh = open();
      const read = await fresh.turn(first);
      await fresh.close();
      return read;
    });
  } finally {
    for (const store of stores) await store.close();
  }
}

const operations: Record<string, (store: TaskStore, step: number) => Promise<unknown>> = {
  read: (store) => store.turn(first),
  "open a turn": async (store) => openTurns(store, ((await store.row(first))?.turn ?? 0) + 1),
  settle: async (store, step) => {
    const turn = (await store.row(first))?.turn ?? 0;
    return commit(store, { entries: [result(turn, step % 3, `result ${step}`)] });
  },
  say: (store, step) =>
    commit(store, { entries: [message(`said ${step}`)], accepts: `message:said ${step}` }),
  "say two things at once": (store, step) =>
    Promise.all([
      commit(store, { entries: [message(`one ${step}`)], accepts: `message:one ${step}` }),
      commit(store, { entries: [message(`two ${step}`)], accepts: `message:two ${step}` }),
    ]),
  "be refused": (store) => commit(store, { entries: [message("lost")], accepts: "message:lost", fence: 77 }),
};

describe("the turns that a store keeps", () => {
  it("are what the database says, after any writes by any store", async () => {
    const plan = array(tuple(constantFrom(0, 1), constantFrom(...Object.keys(operations))), {
      maxLength: 20,
    });
    await assert(
      asyncProperty(plan, (steps) =>
        onOneDatabase(async (stores, afresh) => {
          for (const [step, [who, what]] of steps.entries()) {
            await operations[what]?.(stores[who === 0 ? 0 : 1], step);
            if (step % 2 === 0) continue;
            const written = await afresh();
            for (const store of stores) expect(await store.turn(first)).toEqual(written);
          }
        }),
      ),
      { numRuns: 60 },
    );
  });

  it("hold nothing of a task that another process has erased", () =>
    onOneDatabase(async ([one, other], afresh) => {
      await openTurns(one, 1);
      await one.turn(first);
      await end(other);
      await one.turn(first);
      await other.erase(first, start);
      expect(await one.turn(first)).toEqual(await afresh());
      expect(JSON.stringify(await one.turn(first))).not.toContain("scripted:test");
      expect(JSON.stringify(await one.find(first, "1/model/0"))).not.toContain("scripted:test");
    }));

  it("find a key that another process has written a moment ago", () =>
    onOneDatabase(async ([one, other]) => {
      await openTurns(one, 1);
      await one.turn(first);
      await commit(other, { entries: [result(1, 0, "the other's")] });
      expect(await commit(one, { entries: [result(1, 0, "mine")] })).toMatchObject({
        kind: "found",
        entry: { body: { parts: [{ text: "the other's" }] } },
      });
    }));
});
