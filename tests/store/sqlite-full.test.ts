/** A full disk, for real: a small file system in memory. Needs the right to mount one, which CI has. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteStore } from "omniforge/store";
import { afterAll, describe, expect, it } from "vitest";
import { commit, create, first, message } from "../../packages/omniforge/src/testing/store-contract/claim.ts";

const folder = mkdtempSync(join(tmpdir(), "omniforge-full-"));
const mounted = mount();

function mount(): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch (cause) {
    if (process.env["CI"] === "true") throw cause;
    return false;
  }
}

describe.skipIf(!mounted)("a full disk", () => {
  afterAll(() => {
    if (mounted) execFileSync("umount", [folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  it("refuses what does not fit, loses nothing that was acknowledged, and goes on once there is room", async () => {
    const store = sqliteStore(join(folder, "full.db"));
    await create(store);
    const acknowledged: string[] = [];
    const refused: unknown[] = [];
    const attempt = async (id: string): Promise<void> => {
      try {
        await commit(store, { entries: [message(id, "x".repeat(20_000))], accepts: `message:${id}` });
        acknowledged.push(id);
      } catch (thrown) {
        refused.push(thrown);
      }
    };
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 10 }, (_, at) => attempt(`m${round}-${at}`)));
    }
    expect(refused.length).toBeGreaterThan(0);
    expect(refused).toContainEqual(expect.objectContaining({ code: "STORE_FAILED", retryable: true }));
    execFileSync("mount", ["-o", "remount,size=40m", folder]);
    await attempt("after");
    expect(acknowledged).toContain("after");
    const log = await store.read(first, 0);
    const said = log.flatMap((entry) => (entry.kind === "message" ? [entry.body.id] : []));
    expect(said.toSorted()).toEqual([...acknowledged, "first"].toSorted());
    expect(log.map((entry) => entry.seq)).toEqual(log.map((_, at) => at + 1));
    await store.close();
  });
});
