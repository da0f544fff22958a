/**
 * Who is calling. Tenant and role come from the credential only.
 *
 * Owns: when a key is needed, whether one is valid, and how often an address may fail. What a role may do stands in the
 * route table.
 *
 * Invariants: every key is looked up as it is presented, so a revoked one is refused at once; an unknown key, a wrong
 * secret, a revoked and an expired key are told apart by nobody; once there has been a key, nobody comes in without one.
 */
import { OmniForgeError } from "../../protocol/error.ts";
import type { KeyStore, StoredKey } from "../../store/key-store.ts";
import { ownTenant, type Caller } from "../caller.ts";
import { isLoopback } from "../listen.ts";
import { networkOf } from "./address.ts";
import { isSameHash, readKey, type PresentedKey } from "./api-key.ts";
import { tokenBuckets, type Quota } from "./token-buckets.ts";

export interface AuthenticateOptions {
  /** How often an address may present what is no valid key. Default 30 in a minute. */
  readonly failures?: Quota;
  readonly now?: () => number;
}

/**
 * Finds out who presents a credential, from this address; none: the app is called within this process.
 *
 * Throws UNAUTHENTICATED, or RATE_LIMITED with `details.retryAfterSeconds`.
 */
export type Authenticate = (
  authorization: string | undefined,
  address: string | undefined,
) => Promise<Caller>;

/** Who comes without a key to a server that has none: the person at this machine. */
export const atThisMachine: Caller = { tenant: ownTenant, role: "admin" };

/** Uses are noted once in this time for each key: a busy key does not make every request a write. */
const noteEveryMs = 60_000;
/** Keys that were valid a moment ago, which an address that has failed too often may still use. */
const rememberedKeys = 1_000;

export function createAuthenticate(keys: KeyStore, options: AuthenticateOptions = {}): Authenticate {
  const { failures = { quota: 30, windowSeconds: 60 }, now = Date.now } = options;
  const failed = tokenBuckets(failures, now);
  const proved = new Map<string, string>();
  const noted = new Map<string, number>();
  let required = false;

  const refuse = (address: string, why: string): never => {
    failed.take(networkOf(address));
    throw new OmniForgeError("UNAUTHENTICATED", why);
  };
  const note = (id: string): void => {
    const at = now();
    if (at - (noted.get(id) ?? Number.NEGATIVE_INFINITY) < noteEveryMs) return;
    noted.set(id, at);
    // A note that is lost costs nothing but the note; the caller is not kept waiting for it.
    void keys.used(id, at).catch(() => noted.delete(id));
  };
  const remember = ({ id, hash }: PresentedKey): void => {
    proved.delete(id);
    proved.set(id, hash);
    const [oldest] = proved.keys();
    if (proved.size <= rememberedKeys || oldest === undefined) return;
    proved.delete(oldest);
    noted.delete(oldest);
  };
  /** Behind a proxy all callers have one address: those whose key was valid before are not locked out with the others. */
  const slowDown = (address: string, presented: PresentedKey | undefined): void => {
    const tokens = failed.look(networkOf(address));
    const known = presented && proved.get(presented.id);
    if (tokens.allowed || (presented && known !== undefined && isSameHash(known, presented.hash))) return;
    throw new OmniForgeError("RATE_LIMITED", "too many requests without a valid key came from this address", {
      details: { retryAfterSeconds: tokens.nextInSeconds },
    });
  };

  return async (authorization, from) => {
    const address = from ?? "";
    required ||= !(await keys.isEmpty());
    if (authorization === undefined) {
      if (!required && (from === undefined || isLoopback(from) || isLoopback(networkOf(from))))
        return atThisMachine;
      slowDown(address, undefined);
      return refuse(address, "this server needs a key");
    }
    const presented = readKey(bearer(authorization) ?? "");
    slowDown(address, presented);
    if (presented === undefined) return refuse(address, "the credential is no API key of OmniForge");
    const stored = await keys.find(presented.id);
    if (stored === undefined || !isSameHash(stored.hash, presented.hash) || !isValid(stored, now()))
      return refuse(address, "the key is not valid");
    remember(presented);
    note(stored.id);
    return { tenant: stored.tenant, role: stored.role, key: stored.id };
  };
}

/** Neither revoked nor expired. */
export function isValid({ revokedAt, expiresAt }: StoredKey, now: number): boolean {
  return revokedAt === undefined && (expiresAt === undefined || now < expiresAt);
}

function bearer(authorization: string): string | undefined {
  return /^bearer +(\S+) *$/i.exec(authorization)?.[1];
}
