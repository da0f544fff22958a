import { createOmniForge, defineAgent } from "omniforge";
import { entry, userMessage } from "omniforge/protocol";
import { sqliteStore } from "omniforge/store";
import { scriptedModel } from "omniforge/testing";
import { afterAll, expect, it } from "vitest";
import { folder } from "./processes.ts";

const directories = folder();
afterAll(directories.remove);

const agent = defineAgent({ name: "parent", instructions: "Answer.", model: "scripted:test" });
const reference = { tenant: "default", task: "parent" };

/** A data directory with a task that has this many sub-agents; all have ended but the task, or its first sub-agent. */
async function directoryWith(name: string, children: number, open: "parent" | "child"): Promise<string> {
  const path = directories.path(name);
  const forge = await createOmniForge({ dataDirectory: path, work: false });
  await forge.close();
  const store = sqliteStore(`${path}/omniforge.db`, { durability: "process" });
  const specs = { hash: "spec", set: agent.specSet("scripted:test") };
  const task = {
    agent: "parent",
    specs,
    engine: "temporal" as const,
    limits: { turns: 1, atLimit: "fail" as const, depth: 1, children },
    loopVersion: 1,
    root: "parent",
    message: { id: "first", message: userMessage("a secret") },
    at: 1,
  };
  await store.create({ ...reference, ...task, depth: 0 });
  const ended = { entries: [entry("ended", { state: "completed", parts: [] })], at: 1 };
  const names = Array.from({ length: children }, (_, index) => `child-${String(index).padStart(5, "0")}`);
  const parent = { task: "parent", key: "1/tool/0" };
  await Promise.all(
    names.map((child) => store.create({ tenant: "default", task: child, ...task, depth: 1, parent })),
  );
  await Promise.all(
    names
      .slice(open === "child" ? 1 : 0)
      .map((child) => store.commit({ tenant: "default", task: child, ...ended })),
  );
  if (open === "child") await store.commit({ ...reference, ...ended });
  await store.close();
  return path;
}

it("erases every sub-agent, however many there are, and nothing while one of them runs", async () => {
  const dataDirectory = await directoryWith("many", 110, "child");
  const models = { "scripted:test": scriptedModel(() => ({ text: "Done." })) };
  const forge = await createOmniForge({ dataDirectory, models, work: false, durability: "process" });
  await expect(forge.erase("parent")).rejects.toMatchObject({ code: "TASK_NOT_ENDED" });
  const store = sqliteStore(`${dataDirectory}/omniforge.db`, { durability: "process" });
  const erased = async (): Promise<number> =>
    (await store.list({ tenant: "default", root: "parent", limit: 999 })).filter((row) => row.erased).length;
  expect(await erased()).toBe(0);
  const running = { tenant: "default", task: "child-00000" };
  await store.commit({ ...running, entries: [entry("ended", { state: "completed", parts: [] })], at: 2 });
  await forge.erase("parent");
  expect(await erased()).toBe(111);
  await store.close();
  await forge.close();
});

it("erases no sub-agent of a task that runs", async () => {
  const dataDirectory = await directoryWith("running", 1, "parent");
  const forge = await createOmniForge({ dataDirectory, work: false });
  await expect(forge.erase("parent")).rejects.toMatchObject({ code: "TASK_NOT_ENDED" });
  const erased = (await forge.list()).map((one) => one.erased);
  await forge.close();
  expect(erased).toEqual([false, false]);
});
