import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteStore } from "omniforge/store";
import { testStore } from "omniforge/testing";
import { afterAll, describe, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "omniforge-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
testStore("SQLite", () => sqliteStore(join(folder, `${count++}.db`)), { describe, it });
testStore(
  "SQLite that survives process death only",
  () => sqliteStore(join(folder, `${count++}.db`), { durability: "process" }),
  { describe, it },
);
