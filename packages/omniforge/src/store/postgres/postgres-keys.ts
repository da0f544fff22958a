/** KeyStore on PostgreSQL: in the same database as the tasks, so that every process sees the same keys. */
import type { KeyStore } from "../key-store.ts";
import { toKey, toStoredKey } from "../key-rows.ts";
import type { Connections } from "./connections.ts";

export function postgresKeys(connections: Connections): KeyStore {
  const { ask } = connections;
  return {
    async add({ id, hash, name, tenant, role, createdAt, expiresAt }) {
      // Once: the same key twice would be refused the second time.
      await connections.again(
        () => connections.once("insertKey", [id, hash, name, tenant, role, createdAt, expiresAt ?? null]),
        ({ sent }) => !sent,
      );
    },
    async find(id) {
      const [row] = await ask("keyById", [id]);
      return row && toStoredKey(row);
    },
    list: async () => (await ask("listKeys", [])).map(toKey),
    isEmpty: async () => (await ask("anyKey", [])).length === 0,
    async revoke(id, at) {
      const [row] = await ask("revokeKey", [id, at]);
      return row && toKey(row);
    },
    async used(id, at) {
      await ask("useKey", [id, at]);
    },
  };
}
