/** Between the rows of any database and keys. */
import { OmniForgeError } from "../protocol/error.ts";
import { isRole } from "../protocol/role.ts";
import type { ApiKey, StoredKey } from "./key-store.ts";
import type { Row } from "./rows.ts";

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
