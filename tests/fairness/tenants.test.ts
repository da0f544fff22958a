import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createOmniForge, defineAgent, defineTool, inProcess, type OmniForge } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { FairShares } from "../../packages/omniforge/src/in-process/fair-shares.ts";

const slots = 4;
const places = 40;
let data: string;
let forge: OmniForge;
/** By agent, the steps that have been performed. */
let steps: Map<string, number>;

const count = (agent: string): void => void steps.set(agent, (steps.get(agent) ?? 0) + 1);
const agentNamed = (name: string): ReturnType<typeof defineAgent> =>
  defineAgent({
    name,
    instructions: "",
    model: `scripted:${name}`,
    tools: [
      defineTool({
        name: `${name}-step`,
        description: "A step",
        parameters: z.object({}),
        effects: "none",
        async execute() {
          count(name);
          await delay(1);
          return "done";
        },
      }),
    ],
  });
const modelOf = (name: string, turns: number): ReturnType<typeof scriptedModel> =>
  scriptedModel(({ turn }) => {
    count(name);
    return turn < turns ? { calls: [{ name: `${name}-step` }] } : { text: "done" };
  }, `scripted:${name}`);

const [greedy, modest] = [agentNamed("greedy"), agentNamed("modest")];
const turnsOfModest = 4;

async function open(turnsOfGreedy: number): Promise<void> {
  forge = await createOmniForge({
    dataDirectory: data,
    durability: "process",
    agents: [greedy, modest],
    models: {
      "scripted:greedy": modelOf("greedy", turnsOfGreedy),
      "scripted:modest": modelOf("modest", turnsOfModest),
    },
    backend: inProcess({ slots, tasks: places }),
  });
}

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "omniforge-fairness-"));
  steps = new Map();
});
afterEach(async () => {
  await forge.close();
  rmSync(data, { recursive: true, force: true });
});

/** How many steps of the greedy tenant ran between the modest one's order and its end. */
async function stepsMeanwhile(): Promise<number> {
  const before = steps.get("greedy") ?? 0;
  const { state } = await forge.forTenant("modest").run(modest, "go");
  expect(state).toBe("completed");
  return (steps.get("greedy") ?? 0) - before;
}

/** Its own steps, one after another, each while every slot may come free once; and the time to be seen and to be taken. */
const bound = 2 * turnsOfModest * slots * 4;

describe("a tenant with one task", () => {
  it("is not held up by a tenant with thousands of tasks", { timeout: 120_000 }, async () => {
    await open(2);
    const orders = Array.from({ length: 3_000 }, () => forge.forTenant("greedy").submit(greedy, "go"));
    await Promise.all(orders);
    while ((steps.get("greedy") ?? 0) < 100) await delay(5);
    expect(await stepsMeanwhile()).toBeLessThan(bound);
    const left = await forge.forTenant("greedy").list({ states: ["submitted"], limit: 10_000 });
    expect(left.length).toBeGreaterThan(1_000);
  });

  it("is not held up by tasks that hold every place and do not end", { timeout: 120_000 }, async () => {
    await open(10_000);
    const orders = Array.from({ length: 2 * places }, () => forge.forTenant("greedy").submit(greedy, "go"));
    await Promise.all(orders);
    while ((steps.get("greedy") ?? 0) < 2 * places) await delay(5);
    expect(await stepsMeanwhile()).toBeLessThan(bound);
  });
});

describe("shares", () => {
  it("leave all places to a tenant that is alone, and no more", async () => {
    await open(1);
    const shares = new FairShares(10, 4);
    let taken = 0;
    for (; shares.admits("a"); taken++) shares.take("a");
    expect(taken).toBe(10);
  });

  it("give each that comes later its part of the slots, however full it is", async () => {
    await open(1);
    const shares = new FairShares(10, 4);
    for (let index = 0; index < 10; index++) shares.take("a");
    let taken = 0;
    for (; shares.admits("b"); taken++) shares.take("b");
    expect(taken).toBe(2);
    expect(shares.admits("c")).toBe(true);
    shares.leave("b");
    expect([shares.admits("b"), shares.admits("a")]).toEqual([true, false]);
  });
});
