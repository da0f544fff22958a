/**
 * What an API key looks like, and what is kept of it.
 *
 * `ofk_<id>_<secret>`: a prefix by which secret scanners and people know it, a public id by which it is found, and 256
 * random bits. Kept is the SHA-256 of the secret. A slow hash is for passwords, which can be guessed; nobody guesses 256
 * random bits, however fast a guess may be tried, and every request would pay for the slowness.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { ApiKey, StoredKey } from "../../store/key-store.ts";

const shape = /^ofk_([0-9a-f]{16})_([0-9a-f]{64})$/;

/** A key as it was presented. */
export interface PresentedKey {
  readonly id: string;
  readonly hash: string;
}

/** Draws a new key. `text` is the only copy of the secret: it is shown once and kept nowhere. */
export function drawKey(about: Omit<ApiKey, "id" | "revokedAt" | "usedAt">): {
  readonly text: string;
  readonly stored: StoredKey;
} {
  const id = randomBytes(8).toString("hex");
  const secret = randomBytes(32).toString("hex");
  return { text: `ofk_${id}_${secret}`, stored: { ...about, id, hash: hashOf(secret) } };
}

/** Undefined for anything that can't be a key. */
export function readKey(text: string): PresentedKey | undefined {
  const [, id, secret] = shape.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, hash: hashOf(secret) };
}

/** Whether two hashes are the same, in a time that does not tell where they differ. */
export function isSameHash(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function hashOf(secret: string): string {
  return `sha256-${createHash("sha256").update(secret).digest("hex")}`;
}
