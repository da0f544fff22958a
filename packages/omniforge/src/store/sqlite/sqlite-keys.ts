/** KeyStore on SQLite: in the same file as the tasks, so that every process of the data directory sees the same keys. */
import { OmniForgeError } from "../../protocol/error.ts";
import { isRole } from "../../protocol/role.ts";
import type { ApiKey, KeyStore, StoredKey } from "../key-store.ts";
import type { Database, Row } from "./database.ts";

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

export function toStoredKey(row: Row): StoredKey {
  return { ...toKey(row), hash: String(row["hash"]) };
}

export function toKey(row: Row): ApiKey {
  const { id, name, tenant, role, created_at, expires_at, revoked_at, used_at } = row;
  if (!isRole(role)) throw new OmniForgeError("STORE_FAILED", `the key ${String(id)} has no known role`);
  return {
    id: String(id),
    name: String(name),
    tenant: String(tenant),
    role,
    createdAt: Number(created_at),
    ...(expires_at !== null && { expiresAt: Number(expires_at) }),
    ...(revoked_at !== null && { revokedAt: Number(revoked_at) }),
    ...(used_at !== null && { usedAt: Number(used_at) }),
  };
}
