/** A database or a write-ahead log that was damaged on the disk: said by a code, with the path and what to do. */
import { closeSync, copyFileSync, existsSync, openSync, statSync, truncateSync, writeSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { createOmniForge, defineAgent, inProcess, type OmniForge } from "omniforge";
import { OmniForgeError } from "omniforge/protocol";
import { scriptedModel } from "omniforge/testing";
import { describe, expect, it } from "vitest";
import { act, callsAct, inFolder } from "./beside.ts";

const agent = defineAgent({
  name: "told",
  instructions: "Do.",
  model: "scripted:test",
  tools: [act(() => "x".repeat(2_000))],
});

function open(folder: string, onError: (error: unknown) => void = () => undefined): Promise<OmniForge> {
  return createOmniForge({
    dataDirectory: folder,
    agents: [agent],
    models: { "scripted:test": scriptedModel(callsAct) },
    backend: inProcess({ onError }),
  });
}

/** A closed data directory with twenty finished tasks; where `wal`, as a process leaves it that is killed. */
async function used(folder: string, wal = false): Promise<string> {
  const path = join(folder, "omniforge.db");
  const forge = await open(folder);
  for (let n = 0; n < 20; n++) await forge.run(agent, `task ${n}`, { idempotencyKey: `key ${n}` });
  if (wal) for (const end of ["", "-wal"]) copyFileSync(`${path}${end}`, `${path}${end}.kept`);
  await forge.close();
  if (wal) for (const end of ["", "-wal"]) copyFileSync(`${path}${end}.kept`, `${path}${end}`);
  return path;
}

function scribble(path: string, from: number, length: number): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(length, 0xa5), 0, length, from);
  closeSync(file);
}

/** Opens and reads everything; what it says where that fails. */
async function complaint(folder: string): Promise<unknown> {
  const heard: unknown[] = [];
  try {
    const forge = await open(folder, (error) => heard.push(error));
    try {
      for (const { task } of await forge.list({ limit: 100 })) await forge.log(task);
    } finally {
      await forge.close();
    }
    return heard[0];
  } catch (thrown) {
    return thrown;
  }
}

const pageBytes = 8_192;

describe("a damaged database", () => {
  it.each<[string, (path: string) => void]>([
    ["whose header is overwritten", (path) => scribble(path, 0, 100)],
    ["whose first page is overwritten behind the header", (path) => scribble(path, 100, pageBytes - 100)],
    [
      "whose middle is overwritten",
      (path) => scribble(path, pageBytes * 2, statSync(path).size - pageBytes * 3),
    ],
    ["that is cut off in the middle", (path) => truncateSync(path, pageBytes * 4)],
    ["that is cut off in a page", (path) => truncateSync(path, pageBytes * 3 + 1_000)],
  ])("%s is refused as STORE_CORRUPT, with its path and the remedy", (_how, damage) =>
    inFolder(async (folder) => {
      const path = await used(folder);
      damage(path);
      const thrown = await complaint(folder);
      expect(thrown).toMatchObject({ code: "STORE_CORRUPT", retryable: false });
      expect(String(thrown)).toContain(path);
      expect(String(thrown)).toMatch(/restore the last backup/);
    }),
  );

  it("that is replaced by its backup goes on", () =>
    inFolder(async (folder) => {
      const path = await used(folder);
      const forge = await open(folder);
      await forge.backup(join(folder, "backup"));
      await forge.close();
      scribble(path, 0, 5_000);
      expect(OmniForgeError.is(await complaint(folder), "STORE_CORRUPT")).toBe(true);
      copyFileSync(join(folder, "backup", "omniforge.db"), path);
      const again = await open(folder);
      const { state } = await again.run(agent, "task 3", { idempotencyKey: "key 3" });
      const count = (await again.list({ limit: 100 })).length;
      await again.close();
      expect([state, count]).toEqual(["completed", 20]);
    }));
});

describe("a damaged write-ahead log", () => {
  it.each<[string, (wal: string) => void]>([
    ["that is cut off in the middle", (wal) => truncateSync(wal, Math.floor(statSync(wal).size / 2))],
    ["whose middle is overwritten", (wal) => scribble(wal, Math.floor(statSync(wal).size / 2), 1_000)],
    ["whose header is overwritten", (wal) => scribble(wal, 0, 32)],
    ["that is empty", (wal) => truncateSync(wal, 0)],
  ])("%s is read up to the damage: whole commits, no half ones, and the tasks go on", (_how, damage) =>
    inFolder(async (folder) => {
      const path = await used(folder, true);
      expect(existsSync(`${path}-wal`)).toBe(true);
      damage(`${path}-wal`);
      const thrown = await complaint(folder);
      expect(thrown).toBeUndefined();
      const forge = await open(folder);
      for (let n = 0; n < 20; n++)
        expect((await forge.run(agent, `task ${n}`, { idempotencyKey: `key ${n}` })).state).toBe("completed");
      for (const { task } of await forge.list({ limit: 100 })) {
        const seqs = (await forge.log(task)).map(({ seq }) => seq);
        expect(seqs).toEqual(seqs.map((_, at) => at + 1));
      }
      await forge.close();
      const database = new DatabaseSync(path);
      const verdict = database.prepare("pragma integrity_check").get();
      database.close();
      expect(verdict).toEqual({ integrity_check: "ok" });
    }),
  );
});
