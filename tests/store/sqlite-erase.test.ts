import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { entry, type NewEntry } from "omniforge/protocol";
import { sqliteStore, type TaskStore } from "omniforge/store";
import { afterAll, describe, expect, it } from "vitest";
import {
  commit,
  create,
  end,
  first,
  message,
  result,
} from "../../packages/omniforge/src/testing/store-contract/claim.ts";
import { folder } from "./processes.ts";

const databases = folder();
afterAll(databases.remove);

const secret = "the patient's name is Nobody";

/** The files of the database in which the secret stands. */
function filesThatTell(name: string): string[] {
  const root = databases.path("");
  return readdirSync(root).filter(
    (file) =>
      file.startsWith(name) &&
      !file.endsWith("-owners") &&
      readFileSync(databases.path(file)).includes(secret),
  );
}

async function endedWithSecret(store: TaskStore): Promise<void> {
  await create(store);
  for (let index = 0; index < 50; index++)
    await commit(store, {
      entries: [message(`m${index}`, `${secret} ${index}`)],
      accepts: `message:m${index}`,
    });
  await end(store);
  await commit(store, { entries: [result(1, 0, secret)], keepLate: true });
}

describe("erasing", () => {
  it("leaves nothing in the files, the write-ahead log included", async () => {
    const store = sqliteStore(databases.path("scrubbed.db"));
    await endedWithSecret(store);
    expect(filesThatTell("scrubbed.db")).not.toEqual([]);
    await store.erase(first, 1);
    await store.scrub({ rewrites: true });
    expect(filesThatTell("scrubbed.db")).toEqual([]);
    await store.close();
  });

  it("says that it is incomplete while another process reads, and is complete when it is repeated after", async () => {
    const name = "read.db";
    const store = sqliteStore(databases.path(name), { scrubPatienceMs: 100 });
    await endedWithSecret(store);
    const other = new DatabaseSync(databases.path(name));
    other.exec("begin; select count(*) from tasks");
    await store.erase(first, 1);
    await expect(store.scrub({ rewrites: true })).rejects.toMatchObject({ code: "ERASE_INCOMPLETE" });
    expect((await store.row(first))?.erased).toBe(true);
    expect((await store.read(first, 0)).filter((one) => JSON.stringify(one).includes(secret))).toEqual([]);
    expect(filesThatTell(name)).not.toEqual([]);
    other.exec("rollback");
    other.close();
    await store.erase(first, 1);
    await store.scrub({ rewrites: true });
    expect(filesThatTell(name)).toEqual([]);
    await store.close();
  });

  it("is done while others write, who lose nothing", async () => {
    const store = sqliteStore(databases.path("busy.db"));
    await endedWithSecret(store);
    const other = { ...first, task: "task_2" };
    await create(store, other);
    const done = new AbortController();
    const written = (async () => {
      let count = 0;
      for (; !done.signal.aborted || count === 0; count++) {
        const made = await commit(store, { ...other, entries: [message(`n${count}`)] });
        expect(made.kind).toBe("committed");
      }
      return count;
    })();
    await store.erase(first, 1);
    await store.scrub({ rewrites: true });
    done.abort();
    const count = await written;
    expect(await store.read(other, 2)).toHaveLength(count);
    expect(filesThatTell("busy.db")).toEqual([]);
    await store.close();
  });

  it("leaves no trace where rows have moved between pages, which deleting alone does", async () => {
    const name = "moved.db";
    const store = sqliteStore(databases.path(name), { durability: "process" });
    const tasks = Array.from({ length: 300 }, (_, index) => ({ ...first, task: `task_${index}` }));
    // Rows of tasks that grow and shrink while they wait for people, side by side, each at its own time.
    const prompt = (index: number): string => secret.repeat(1 + ((index * 7_919) % 101));
    await Promise.all(
      tasks.map((task, index) =>
        create(store, { ...task, idempotencyKey: `${(index * 7_919) % 10_007} ${secret}` }),
      ),
    );
    for (let round = 1; round <= 4; round++) {
      const id = `${round}/tool/0`;
      const request = (index: number): NewEntry =>
        entry("request", { id, kind: "question", key: id, prompt: prompt(index * round) });
      const asked = tasks.filter((_, index) => (index * 31 + round * 17) % 7 < 4);
      await Promise.all(asked.map((task, index) => commit(store, { ...task, entries: [request(index)] })));
      const withdrawn = entry("input", { id, outcome: "withdrawn" });
      await Promise.all(asked.map((task) => commit(store, { ...task, entries: [withdrawn] })));
    }
    for (const task of tasks) {
      await end(store, task);
      await store.erase(task, 1);
    }
    await store.scrub({ rewrites: false });
    expect(filesThatTell(name)).toEqual([name]);
    await store.scrub({ rewrites: true });
    expect(filesThatTell(name)).toEqual([]);
    await store.close();
  });
});
