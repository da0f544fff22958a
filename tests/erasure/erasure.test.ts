import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { createOmniForge, defineAgent, defineTool } from "omniforge";
import type { Message } from "omniforge/protocol";
import { sqliteStore } from "omniforge/store";
import { scriptedModel } from "omniforge/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { end } from "../../packages/omniforge/src/testing/store-contract/claim.ts";
import { omniforge } from "../e2e/program.ts";
import { canary, placesIn, traces } from "./canary.ts";
import { openForge, places, tellEverywhere } from "./told-everywhere.ts";

let root: string;
let data: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "omniforge-erasure-"));
  data = join(root, "data");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it("leaves no byte of what was said and done: not in the database, its log, the blobs, or a later backup", async () => {
  const forge = await openForge(data);
  const tasks = await tellEverywhere(forge, data);
  expect(placesIn(data, places)).toEqual(places);
  for (const task of tasks) await forge.erase(task);
  expect(traces(data)).toEqual([]);
  await forge.backup(join(root, "backup"));
  expect(traces(join(root, "backup"))).toEqual([]);
  const shown = [await forge.list(), await Promise.all(tasks.map((task) => forge.log(task)))];
  expect(JSON.stringify(shown)).not.toContain("kanarie");
  await forge.close();
  expect(traces(data)).toEqual([]);
});

const fileOf = (bytes: string): Message["parts"][number] => ({
  type: "file",
  mediaType: "text/plain",
  data: bytes,
});

/** Starts an erase in a process of its own, and kills it so long after it began; says whether it came to its end first. */
async function killedAfter(ms: number, directory: string, tasks: readonly string[]): Promise<boolean> {
  const program = fileURLToPath(new URL("eraser.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=omniforge:source", program, directory, ...tasks], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = once(child, "close");
  let said = "";
  for await (const heard of child.stdout) {
    if (said === "") setTimeout(() => child.kill("SIGKILL"), ms);
    said += String(heard);
  }
  await gone;
  return said.includes("done");
}

it("is completed by repeating it, whenever it is killed", { timeout: 300_000 }, async () => {
  const forge = await openForge(data);
  const tasks = await tellEverywhere(forge, data);
  await forge.close();
  let killed = 0;
  for (let ms = 0, done = false; !done; ms = ms * 2 + 5) {
    const copy = join(root, `copy ${ms}`);
    cpSync(data, copy, { recursive: true });
    done = await killedAfter(ms, copy, tasks);
    if (!done) killed++;
    const again = await openForge(copy, false);
    for (const task of tasks) await again.erase(task);
    expect(traces(copy)).toEqual([]);
    await again.close();
  }
  expect(killed).toBeGreaterThan(0);
});

it("keeps nothing of a file that is said to an erased task", async () => {
  const forge = await openForge(data);
  const agent = defineAgent({ name: "helper", instructions: "", model: "scripted:helper" });
  const { task } = await forge.run(agent, "go");
  await forge.erase(task);
  const bytes = Buffer.from(canary("late file").padEnd(90_000)).toString("base64");
  const said = { v: 1 as const, role: "user" as const, parts: [fileOf(bytes)] };
  await expect(forge.say(task, said)).rejects.toMatchObject({ code: "TASK_ENDED" });
  expect(traces(data)).toEqual([]);
  await forge.close();
});

it("keeps nothing of what a tool returns after its task was erased", async () => {
  const gone = Promise.withResolvers<void>();
  const slow = defineTool({
    name: "slow",
    description: "Ends and erases its own task before it returns",
    parameters: z.object({}),
    effects: "once",
    async execute(_given, { tenant, task }) {
      const store = sqliteStore(join(data, "omniforge.db"));
      await end(store, { tenant, task });
      await store.close();
      await forge.erase(task);
      gone.resolve();
      return canary("late result").padEnd(90_000);
    },
  });
  const agent = defineAgent({ name: "main", instructions: "", model: "scripted:slow", tools: [slow] });
  const forge = await createOmniForge({
    dataDirectory: data,
    agents: [agent],
    models: { "scripted:slow": scriptedModel(() => ({ calls: [{ name: "slow" }] })) },
  });
  const { task } = await forge.run(agent, canary("message"));
  // Who follows the task sees it end before it is erased.
  await gone.promise;
  const { erased } = await forge.get(task);
  await forge.close();
  expect({ erased, traces: traces(data) }).toEqual({ erased: true, traces: [] });
});

it(
  "is not called done by the command line while another program reads the database",
  { timeout: 120_000 },
  async () => {
    const forge = await openForge(data);
    const { task } = await forge.run(
      defineAgent({ name: "helper", instructions: "", model: "scripted:helper" }),
      canary("message"),
    );
    await forge.close();
    const reader = new DatabaseSync(join(data, "omniforge.db"));
    reader.exec("begin; select count(*) from tasks");
    const pinned = await omniforge("erase", task, "--data", data);
    expect(pinned).toMatchObject({ code: 1, stdout: "" });
    expect(pinned.stderr).toContain("ERASE_INCOMPLETE");
    reader.exec("rollback");
    reader.close();
    expect(await omniforge("erase", task, "--data", data)).toMatchObject({ code: 0 });
    expect(traces(data)).toEqual([]);
  },
);
