import { readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { sqliteStore } from "omniforge/store";
import { afterAll, describe, expect, it } from "vitest";
import { newTask } from "../../packages/omniforge/src/testing/store-contract/claim.ts";
import { folder, start } from "./processes.ts";

const databases = folder();
afterAll(databases.remove);

function thrown(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("a database of a newer release", () => {
  it("is refused with an error that says so, and left as it is", async () => {
    const path = databases.path("newer.db");
    await sqliteStore(path).close();
    const newer = new DatabaseSync(path);
    newer.exec("create table of_the_future (a); pragma user_version = 99");
    newer.close();
    const before = readFileSync(path);
    expect(thrown(() => sqliteStore(path))).toMatchObject({
      code: "STORE_TOO_NEW",
      message: expect.stringMatching(/^the database has schema 99; this release knows up to \d+$/) as string,
    });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("is closed again: it can be used by who can read it", async () => {
    const path = databases.path("closed.db");
    await sqliteStore(path).close();
    const newer = new DatabaseSync(path);
    newer.exec("pragma user_version = 99");
    thrown(() => sqliteStore(path));
    newer.exec("pragma locking_mode = exclusive; pragma journal_mode = delete");
    expect(newer.prepare("pragma journal_mode").get()).toEqual({ journal_mode: "delete" });
    newer.close();
  });
});

describe("a file that is no database", () => {
  it("is refused with an error that names it, and left as it is", () => {
    const path = databases.path("letter.db");
    writeFileSync(path, "Dear reader, ".repeat(1_000));
    const before = readFileSync(path);
    expect(thrown(() => sqliteStore(path))).toMatchObject({
      code: "STORE_CORRUPT",
      message: expect.stringContaining("letter.db") as string,
    });
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

describe("a new database", () => {
  it("is set up once by several processes that open it at the same moment", async () => {
    const rounds = 25;
    const from = String(Date.now() + 2_000);
    const children = [1, 2, 3].map(() => start("open", databases.path(""), from, String(rounds)));
    for (const child of children) expect(await child.ended).toEqual({ how: 0, complaint: "" });
    for (let index = 0; index < rounds; index++) {
      const store = sqliteStore(databases.path(`${index}.db`));
      expect(await store.list({ tenant: "acme", limit: 10 })).toHaveLength(3);
      await store.close();
    }
  }, 30_000);

  it("is opened again with all that it holds", async () => {
    const path = databases.path("again.db");
    const one = sqliteStore(path);
    const { row } = await one.create(newTask());
    await one.close();
    const two = sqliteStore(path);
    expect(await two.row(row)).toEqual(row);
    await two.close();
  });

  it("refuses writes once it is closed, with a code", async () => {
    const store = sqliteStore(databases.path("over.db"));
    const created = store.create(newTask());
    await store.close();
    expect((await created).created).toBe(true);
    await expect(store.create(newTask({ task: "task_2" }))).rejects.toMatchObject({ code: "CLOSED" });
  });
});
