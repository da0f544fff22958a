/**
 * What every `KeyStore` must do, as claims that any test framework can run.
 *
 * @example
 * testKeyStore("my keys", () => ({ keys: myKeys(emptyDatabase()), close: async () => {} }), { describe, it });
 */
import assert from "node:assert/strict";
import type { KeyStore, StoredKey } from "../store/key-store.ts";
import type { TestFramework } from "./store-contract.ts";

export interface OpenedKeys {
  readonly keys: KeyStore;
  readonly close: () => Promise<void>;
}

const at = 1_700_000_000_000;
const first: StoredKey = {
  id: "a1",
  hash: "sha256-aa",
  name: "the console",
  tenant: "acme",
  role: "operator",
  createdAt: at,
};
const second: StoredKey = { ...first, id: "b2", createdAt: at + 1, expiresAt: at + 1_000 };
const shown = ({ hash: _hash, ...key }: StoredKey): object => key;

/** Runs every claim, each against fresh and empty keys from `open`. */
export function testKeyStore(
  name: string,
  open: () => OpenedKeys | Promise<OpenedKeys>,
  { describe, it }: TestFramework,
): void {
  const claim = (says: string, holds: (keys: KeyStore) => Promise<void>): unknown =>
    it(says, async () => {
      const { keys, close } = await open();
      try {
        await holds(keys);
      } finally {
        await close();
      }
    });
  describe(name, () => {
    claim("knows no key at first", async (keys) => {
      assert.equal(await keys.isEmpty(), true);
      assert.deepEqual(await keys.list(), []);
      assert.equal(await keys.find("a1"), undefined);
      assert.equal(await keys.revoke("a1", at), undefined);
      await keys.used("a1", at);
      assert.equal(await keys.isEmpty(), true);
    });
    claim("finds a key as it was added, with and without an end", async (keys) => {
      await keys.add(first);
      await keys.add(second);
      assert.deepEqual(await keys.find("a1"), first);
      assert.deepEqual(await keys.find("b2"), second);
      assert.equal(await keys.find("A1"), undefined);
    });
    claim("lists keys oldest first, and never a hash", async (keys) => {
      await keys.add(second);
      await keys.add(first);
      assert.deepEqual(await keys.list(), [shown(first), shown(second)]);
    });
    claim("refuses a second key of the same id, and keeps the first", async (keys) => {
      await keys.add(first);
      await assert.rejects(keys.add({ ...second, id: first.id }));
      assert.deepEqual(await keys.find("a1"), first);
    });
    claim("revokes a key once and for ever", async (keys) => {
      await keys.add(first);
      assert.deepEqual(await keys.revoke("a1", at + 5), { ...shown(first), revokedAt: at + 5 });
      assert.deepEqual(await keys.revoke("a1", at + 9), { ...shown(first), revokedAt: at + 5 });
      assert.deepEqual(await keys.find("a1"), { ...first, revokedAt: at + 5 });
    });
    claim("is not empty again once all keys are revoked", async (keys) => {
      await keys.add(first);
      await keys.revoke("a1", at + 5);
      assert.equal(await keys.isEmpty(), false);
    });
    claim("notes the latest use", async (keys) => {
      await keys.add(first);
      await keys.used("a1", at + 7);
      await keys.used("a1", at + 3);
      assert.deepEqual(await keys.find("a1"), { ...first, usedAt: at + 7 });
    });
  });
}
