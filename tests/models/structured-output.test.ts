import { defineAgent, defineTool } from "omniforge";
import type { Script } from "omniforge/testing";
import { expect, it } from "vitest";
import { z } from "zod";
import { withForge } from "./forge.ts";

const output = z.object({ city: z.string(), people: z.number().int() });
const lookUp = defineTool({
  name: "look_up",
  description: "Looks a city up",
  parameters: z.object({ city: z.string() }),
  effects: "none",
  execute: () => ({ people: 3 }),
});
const agent = defineAgent({
  name: "census",
  instructions: "Count.",
  model: "scripted:test",
  tools: [lookUp],
  output,
});

const run = (script: Script) =>
  withForge({ "scripted:test": script }, (forge) => forge.run(agent, "How many?"));

it("gives the answer's value as well as its text, fences or not", async () => {
  for (const text of ['{"city":"Ulm","people":3}', '```json\n{"city":"Ulm","people":3}\n```']) {
    const result = await run(() => ({ text }));
    expect(result).toMatchObject({ state: "completed", value: { city: "Ulm", people: 3 }, text });
  }
});

it("tells the model the schema", async () => {
  const result = await run(({ prompt }) => ({
    text: JSON.stringify({ city: JSON.stringify(prompt[0]), people: 1 }),
  }));
  expect(JSON.stringify(result.value)).toContain("fits this JSON Schema");
});

it("has an answer that does not fit repaired once, saying what is wrong", async () => {
  const heard: string[] = [];
  const result = await run(({ turn, said }) => {
    if (turn === 1) return { text: '{"city":"Ulm","people":"three"}' };
    heard.push(said.at(-1) ?? "");
    return { text: '{"city":"Ulm","people":3}' };
  });
  expect(result).toMatchObject({ state: "completed", value: { city: "Ulm", people: 3 }, turn: 2 });
  expect(heard).toEqual([expect.stringMatching(/does not fit the schema: people: .*number/)]);
});

it("fails the task when the repaired answer does not fit either", async () => {
  const result = await run(() => ({ text: "three people" }));
  expect(result).toMatchObject({ state: "failed", error: { code: "OUTPUT_INVALID" }, turn: 2 });
  expect(result.value).toBeUndefined();
});

it("judges the final answer only, not what is said beside calls", async () => {
  const result = await run(({ turn }) =>
    turn === 1
      ? { text: "I look.", calls: [{ name: "look_up", arguments: { city: "Ulm" } }] }
      : { text: '{"city":"Ulm","people":3}' },
  );
  expect(result).toMatchObject({ state: "completed", value: { city: "Ulm", people: 3 } });
});
