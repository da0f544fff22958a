import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryKeys, sqliteStore, type ApiKey } from "omniforge/store";
import { testKeyStore } from "omniforge/testing";
import { afterAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "omniforge-keys-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
testKeyStore("keys in memory", () => ({ keys: memoryKeys(), close: () => Promise.resolve() }), {
  describe,
  it,
});
testKeyStore("keys in SQLite", () => sqliteStore(join(folder, `${count++}.db`)), { describe, it });

describe("keys in SQLite", () => {
  it("are the same to every process of the data directory: a revoked key is seen at once", async () => {
    const path = join(folder, "shared.db");
    const [one, other] = [sqliteStore(path), sqliteStore(path)];
    const key = { id: "a1", name: "n", tenant: "acme", role: "admin", createdAt: 1 } satisfies ApiKey;
    await one.keys.add({ ...key, hash: "sha256-aa" });
    expect(await other.keys.find("a1")).toEqual({ ...key, hash: "sha256-aa" });
    await other.keys.revoke("a1", 5);
    expect(await one.keys.find("a1")).toMatchObject({ revokedAt: 5 });
    await one.close();
    await other.close();
  });
});
