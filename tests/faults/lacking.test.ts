/** Processes that lack a tool leave its tasks to the one that has it. */
import {
  createOmniForge,
  defineAgent,
  defineTool,
  inProcess,
  type OmniForge,
  type OmniForgeOptions,
} from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { describe, expect, it } from "vitest";
import { Lacking, type Seen } from "../../packages/omniforge/src/in-process/lacking.ts";
import { isKind } from "../../packages/omniforge/src/protocol/entry.ts";
import { callsAct, inFolder, until } from "./beside.ts";

const patience = { timeout: 90_000 };
const open = (folder: string, some: OmniForgeOptions = {}): Promise<OmniForge> =>
  createOmniForge({
    dataDirectory: folder,
    durability: "process",
    models: { "scripted:test": scriptedModel(callsAct) },
    backend: inProcess({ beatMs: 100 }),
    ...some,
  });
const tool = defineTool({
  name: "act",
  description: "Acts.",
  parameters: { type: "object" },
  effects: "none",
  execute: () => "acted",
});
const agent = defineAgent({ name: "acting", instructions: "Do.", model: "scripted:test", tools: [tool] });

/** A task that processes without its tool know to lack it, and those processes. */
async function lacking(folder: string): Promise<{ task: string; without: readonly OmniForge[] }> {
  const client = await open(folder, { work: false });
  const { task } = await client.submit(agent, "go");
  await client.close();
  const without = await Promise.all([open(folder), open(folder), open(folder)]);
  const said = async () => (await without[0]?.log(task))?.some(isKind("attempt")) ?? false;
  await until(said, "one lacks it");
  return { task, without };
}

describe("a tool that three processes lack", () => {
  it("runs once a fourth comes that has it", patience, () =>
    inFolder(async (folder) => {
      const { task, without } = await lacking(folder);
      const having = await open(folder, { agents: [agent] });
      await until(async () => (await having.get(task)).state === "completed", "it has completed");
      const log = await having.log(task);
      expect(log.filter(isKind("result")).map(({ body }) => body.status)).toEqual(["result"]);
      expect(log.filter(isKind("attempt")).map(({ body }) => body.error.code)).toEqual(["TOOL_NOT_HERE"]);
      await Promise.all([...without, having].map((forge) => forge.close()));
    }),
  );

  it("does not keep a cancel from its task", patience, () =>
    inFolder(async (folder) => {
      const { task, without } = await lacking(folder);
      await without[1]?.cancel(task);
      await until(async () => (await without[0]?.get(task))?.state === "canceled", "it is cancelled");
      const log = await without[0]?.log(task);
      expect(log?.filter(isKind("recovery"))).toEqual([]);
      await Promise.all(without.map((forge) => forge.close()));
    }),
  );
});

describe("a task that was handed back for want of a tool", () => {
  const row: Seen = { task: "task", wakes: 1, turn: 1 };
  const lack = { code: "TOOL_NOT_HERE", name: "act" };
  function waits(here: () => boolean = () => false) {
    const clock = { at: 0 };
    const lacks = new Lacking(() => clock.at, here);
    const leaves = (now: Omit<Seen, "task"> = row): Promise<boolean> =>
      lacks.leaves("task", () => Promise.resolve({ ...row, ...now }));
    return { clock, lacks, leaves };
  }

  it("is left to others for longer each time, for 30 s at most", async () => {
    const { clock, lacks, leaves } = waits();
    const taken: number[] = [];
    for (; clock.at < 150_000; clock.at += 500) {
      if (await leaves()) continue;
      taken.push(clock.at);
      lacks.ran(row, lack);
      lacks.forget();
    }
    expect(taken).toEqual([0, 2_000, 6_000, 14_000, 30_000, 60_000, 90_000, 120_000]);
  });

  it.each([
    ["was woken", { wakes: 2, turn: 1 }],
    ["has moved on", { wakes: 1, turn: 2 }],
  ])("is taken again soon where it %s", async (_what, now) => {
    const { clock, lacks, leaves } = waits();
    lacks.ran(row, lack);
    expect(await leaves(now)).toBe(true);
    clock.at = 500;
    expect(await leaves(now)).toBe(false);
  });

  it("is taken at once where the tool is here by now, and forgotten once it ran", async () => {
    let here = false;
    const { lacks, leaves } = waits(() => here);
    lacks.ran(row, lack);
    expect(await leaves()).toBe(true);
    here = true;
    expect(await leaves()).toBe(false);
    lacks.ran(row, undefined);
    expect(lacks.size).toBe(0);
  });
});
