/** KeyStore on SQLite: in the same file as the tasks, so that every process of the data directory sees the same keys. */
import { toKey, toStoredKey } from "../key-rows.ts";
import type { KeyStore } from "../key-store.ts";
import type { Database } from "./database.ts";
import type { Row } from "../rows.ts";

export function sqliteKeys(database: Database): KeyStore {
  const reading = <T>(read: () => T): Promise<T> => new Promise((resolve) => resolve(read()));
  const byId = (id: string): Row | undefined => database.get("keyById", [id]);
  return {
    add: ({ id, hash, name, tenant, role, createdAt, expiresAt }) =>
      database.write(() => {
        database.run("insertKey", [id, hash, name, tenant, role, createdAt, expiresAt ?? null]);
      }),
    find: (id) =>
      reading(() => {
        const row = byId(id);
        return row === undefined ? undefined : toStoredKey(row);
      }),
    list: () => reading(() => database.all("listKeys", []).map(toKey)),
    isEmpty: () => reading(() => database.get("anyKey", []) === undefined),
    revoke: (id, at) =>
      database.write(() => {
        database.run("revokeKey", [at, id]);
        const row = byId(id);
        return row === undefined ? undefined : toKey(row);
      }),
    used: (id, at) =>
      database.write(() => {
        database.run("useKey", [at, id, at]);
      }),
  };
}
