import { DatabaseSync } from "node:sqlite";
import { sqliteStore } from "omniforge/store";
import { afterAll, expect, it } from "vitest";
import {
  commit,
  create,
  end,
  first,
  result,
} from "../../packages/omniforge/src/testing/store-contract/claim.ts";
import { folder } from "./processes.ts";

const databases = folder();
afterAll(databases.remove);

it("a late entry keeps the version of its body, and one of a newer release is refused", async () => {
  const path = databases.path("late.db");
  const store = sqliteStore(path);
  await create(store);
  await end(store);
  await commit(store, { entries: [result(1, 0)], keepLate: true });
  expect(await store.late(first)).toHaveLength(1);
  const raw = new DatabaseSync(path);
  expect(raw.prepare("select v from late").all()).toEqual([{ v: 1 }]);
  raw.exec("update late set v = 99");
  raw.close();
  await expect(store.late(first)).rejects.toMatchObject({ code: "STORE_TOO_NEW" });
  await store.close();
});
