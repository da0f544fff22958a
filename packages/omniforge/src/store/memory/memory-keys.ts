/** KeyStore in memory: for tests. */
import { OmniForgeError } from "../../protocol/error.ts";
import type { ApiKey, KeyStore, StoredKey } from "../key-store.ts";

export function memoryKeys(): KeyStore {
  const keys = new Map<string, StoredKey>();
  const shown = ({ hash: _hash, ...key }: StoredKey): ApiKey => key;
  return {
    add(key) {
      if (keys.has(key.id))
        return Promise.reject(new OmniForgeError("STORE_FAILED", `there is a key ${key.id} already`));
      keys.set(key.id, key);
      return Promise.resolve();
    },
    find: (id) => Promise.resolve(keys.get(id)),
    list: () =>
      Promise.resolve(
        [...keys.values()]
          .toSorted((one, other) => one.createdAt - other.createdAt || (one.id < other.id ? -1 : 1))
          .map(shown),
      ),
    isEmpty: () => Promise.resolve(keys.size === 0),
    revoke(id, at) {
      const key = keys.get(id);
      if (key === undefined) return Promise.resolve(undefined);
      const revoked = { ...key, revokedAt: key.revokedAt ?? at };
      keys.set(id, revoked);
      return Promise.resolve(shown(revoked));
    },
    used(id, at) {
      const key = keys.get(id);
      if (key !== undefined) keys.set(id, { ...key, usedAt: Math.max(at, key.usedAt ?? at) });
      return Promise.resolve();
    },
  };
}
