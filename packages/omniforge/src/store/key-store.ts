/**
 * The port behind which API keys are kept, beside the tasks. A store keeps what `server/auth/api-key.ts` makes of a key
 * and judges nothing: whether a key is valid is decided where it is presented.
 *
 * Invariants: no secret passes this port, only its hash; keys are never deleted, so that "has there ever been a key" has
 * one answer, and a server does not open itself to everybody when the last one is revoked.
 */
import type { Role } from "../protocol/role.ts";

/** A key as it is shown: nothing here lets anybody in. Times in epoch milliseconds. */
export interface ApiKey {
  /** Public: it stands in the key before the secret. */
  readonly id: string;
  /** For people: who or what uses it. */
  readonly name: string;
  readonly tenant: string;
  readonly role: Role;
  readonly createdAt: number;
  /** From then on it is as if it were not there. None: never. */
  readonly expiresAt?: number;
  readonly revokedAt?: number;
  /** To a minute or so. */
  readonly usedAt?: number;
}

/** `hash` is of the secret, and carries its algorithm. */
export interface StoredKey extends ApiKey {
  readonly hash: string;
}

export interface KeyStore {
  /** Keeps a new key durably. */
  add(key: StoredKey): Promise<void>;
  /** The key of this id as it is now: what another process revoked is seen. */
  find(id: string): Promise<StoredKey | undefined>;
  /** All keys, revoked and expired ones too, oldest first. */
  list(): Promise<readonly ApiKey[]>;
  /** Whether no key was ever added. */
  isEmpty(): Promise<boolean>;
  /** Revokes for ever; the first time counts. Undefined: there is no such key. */
  revoke(id: string, at: number): Promise<ApiKey | undefined>;
  /** Notes that it was used; a time that is earlier than the noted one changes nothing. */
  used(id: string, at: number): Promise<void>;
}
