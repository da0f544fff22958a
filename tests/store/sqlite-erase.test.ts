import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
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
    expect(filesThatTell("scrubbed.db")).toEqual([]);
    await store.close();
  });

  it("is done though another process reads; what that one keeps in the write-ahead log goes when it lets go", async () => {
    const name = "read.db";
    const store = sqliteStore(databases.path(name));
    await endedWithSecret(store);
    const other = new DatabaseSync(databases.path(name));
    other.exec("begin; select count(*) from tasks");
    await store.erase(first, 1);
    expect((await store.row(first))?.erased).toBe(true);
    expect((await store.read(first, 0)).filter((one) => JSON.stringify(one).includes(secret))).toEqual([]);
    other.exec("rollback");
    other.close();
    await store.close();
    expect(filesThatTell(name)).toEqual([]);
  });
});
