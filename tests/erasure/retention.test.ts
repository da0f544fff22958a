import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createOmniForge, type OmniForge } from "omniforge";
import type { TaskReference } from "omniforge/protocol";
import { fileBlobs, sqliteStore, type BlobStore, type NewTask, type TaskStore } from "omniforge/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eraseEnded } from "../../packages/omniforge/src/retention.ts";
import {
  commit,
  create,
  endedEntry,
  message,
} from "../../packages/omniforge/src/testing/store-contract/claim.ts";
import { omniforge, program } from "../e2e/program.ts";
import { canary, traces } from "./canary.ts";

const dayMs = 86_400_000;
const tenant = "default";
let root: string;
let data: string;
let store: TaskStore;
let blobs: BlobStore;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "omniforge-retention-"));
  data = join(root, ".omniforge");
  await (await createOmniForge({ dataDirectory: data, work: false })).close();
  store = sqliteStore(join(data, "omniforge.db"), { durability: "process" });
  blobs = fileBlobs(join(data, "blobs"));
});
afterEach(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

const world = (): { store: TaskStore; blobs: BlobStore; now: () => number } => ({
  store,
  blobs,
  now: Date.now,
});
const fail = (thrown: unknown): void => {
  throw thrown;
};

/** A task of another engine, which nobody runs here, that ended so many days ago; without days, it is old and has not ended. */
async function made(task: string, days?: number, some: Partial<NewTask> = {}): Promise<TaskReference> {
  const at = Date.now() - (days ?? 50) * dayMs;
  const reference = { tenant: some.tenant ?? tenant, task };
  await create(store, { ...some, ...reference, engine: "temporal", at });
  await commit(store, { ...reference, at, entries: [message("said", canary(task))] });
  await blobs.put(reference, Buffer.from(canary(`${task} blob`)));
  if (days !== undefined) await commit(store, { ...reference, at, entries: [endedEntry] });
  return reference;
}

const childOf = (task: string): Partial<NewTask> => ({
  parent: { task, key: "1/tool/0" },
  root: task,
  depth: 1,
});

async function erasedTasks(): Promise<string[]> {
  const rows = [
    ...(await store.list({ tenant, limit: 99 })),
    ...(await store.list({ tenant: "other", limit: 99 })),
  ];
  return rows.flatMap(({ task, erased }) => (erased ? [task] : [])).toSorted();
}

describe("retention", () => {
  it("erases whole families of all tenants that ended long enough ago, and nothing else", async () => {
    await made("old", undefined);
    await made("old.1.0", 40, childOf("old"));
    await commit(store, { tenant, task: "old", at: Date.now() - 35 * dayMs, entries: [endedEntry] });
    await made("other", 31, { tenant: "other" });
    await made("young", 29);
    await made("running");
    await made("half", undefined);
    await made("half.1.0", undefined, childOf("half"));
    await commit(store, { tenant, task: "half", at: Date.now() - 35 * dayMs, entries: [endedEntry] });
    expect(await eraseEnded(world(), Date.now() - 30 * dayMs, fail)).toEqual({ erased: 2, left: 1 });
    expect(await erasedTasks()).toEqual(["old", "old.1.0", "other"]);
    expect(existsSync(join(data, "blobs", tenant, "old"))).toBe(false);
    expect(existsSync(join(data, "blobs", tenant, "young"))).toBe(true);
    await commit(store, { tenant, task: "half.1.0", entries: [endedEntry], at: Date.now() });
    expect(await eraseEnded(world(), Date.now() - 30 * dayMs, fail)).toEqual({ erased: 1, left: 0 });
  });

  it("lets the event loop turn between two families, however many are due", async () => {
    for (let index = 0; index < 250; index++) await made(`task_${index}`, 2);
    let turns = 0;
    let done = false;
    const count = (): void => {
      turns++;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    expect(await eraseEnded(world(), Date.now() - dayMs, fail)).toEqual({ erased: 250, left: 0 });
    done = true;
    expect(turns).toBeGreaterThanOrEqual(250);
  });

  it("is done by a process that executes tasks, from its start on, and is over when it closes", async () => {
    await made("old", 2);
    const forge = await createOmniForge({ dataDirectory: data, retention: { endedTasksDays: 1 } });
    while (!(await forge.get("old")).erased || traces(data).length > 0) await delay(10);
    await forge.close();
    expect(traces(data)).toEqual([]);
  });

  it("leaves what a task was: its state, its times, its usage and that it is erased", async () => {
    await made("old", 2);
    await eraseEnded(world(), Date.now() - dayMs, fail);
    const forge = await createOmniForge({ dataDirectory: data, work: false });
    expect(await forge.get("old")).toMatchObject({ state: "completed", erased: true, headSeq: 4 });
    expect((await forge.log("old")).map(({ kind }) => kind)).toEqual([
      "created",
      "message",
      "message",
      "ended",
    ]);
    await expect(forge.say("old", "hello?")).rejects.toMatchObject({ code: "TASK_ENDED" });
    await forge.close();
  });

  it("refuses a time that is none, before anything is opened", async () => {
    for (const endedTasksDays of [0, -1, Number.NaN]) {
      const opening: Promise<OmniForge> = createOmniForge({
        dataDirectory: join(root, "none"),
        retention: { endedTasksDays },
      });
      await expect(opening).rejects.toMatchObject({ code: "INVALID_INPUT" });
    }
    expect(existsSync(join(root, "none"))).toBe(false);
  });
});

describe("omniforge sweep", { timeout: 120_000 }, () => {
  it("erases what is as old as it is told, or as the config file says, to the last byte", async () => {
    await made("old", 9);
    await made("older", 99);
    const swept = await omniforge("sweep", "--days", "50", "--json", "--data", data);
    expect(swept.code).toBe(0);
    expect(JSON.parse(swept.stdout)).toMatchObject({ type: "swept", erased: 1, left: 0 });
    expect(await erasedTasks()).toEqual(["older"]);
    await writeFile(
      join(root, "omniforge.config.ts"),
      `import { defineConfig } from "omniforge";\nexport default defineConfig({ retention: { endedTasksDays: 5 } });\n`,
    );
    const configured = await program("main", ["sweep"], { folder: root }).ended;
    expect(configured.code).toBe(0);
    expect(configured.stdout).toContain("1 tasks that ended before");
    expect(await erasedTasks()).toEqual(["old", "older"]);
    expect(traces(data)).toEqual([]);
  });

  it("wants to know how old", async () => {
    expect(await omniforge("sweep", "--data", data)).toMatchObject({ code: 2 });
    expect(await omniforge("sweep", "--days", "0", "--data", data)).toMatchObject({ code: 2 });
  });
});
