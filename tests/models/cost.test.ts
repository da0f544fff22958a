import { createOmniForge, defineAgent } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";

const usage = { input: 1_000_000, output: 500_000 };
const child = defineAgent({ name: "child", instructions: "", model: "scripted:dear" });
const parent = defineAgent({
  name: "parent",
  instructions: "",
  model: "scripted:cheap",
  agents: [child],
  modelRetry: { initialIntervalMs: 1 },
});
const modelFacts = {
  "scripted:dear": { perMillion: { input: 10, output: 20 } },
  "scripted:cheap": { perMillion: { input: 1, output: 2 } },
};

it("records what calls cost by the prices of then, failed attempts and sub-agents included", async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), "omniforge-cost-"));
  let failed = false;
  const models = {
    "scripted:dear": scriptedModel(() => ({ text: "done", usage })),
    "scripted:cheap": scriptedModel(({ turn }) => {
      if (turn > 1) return { text: "done", usage };
      if (failed) return { calls: [{ name: "child", arguments: { message: "Do." } }], usage };
      failed = true;
      return { finish: "error", usage };
    }),
  };
  const forge = await createOmniForge({ dataDirectory, models, modelFacts, durability: "process" });
  const result = await forge.run(parent, "Go");
  const log = await forge.log(result.task);
  await forge.close();
  rmSync(dataDirectory, { recursive: true, force: true });
  expect(result.state).toBe("completed");
  const costs = log.flatMap((entry) =>
    "usage" in entry.body && entry.body.usage !== undefined ? [[entry.kind, entry.body.usage.costUsd]] : [],
  );
  expect(costs).toEqual([
    ["attempt", 2],
    ["reply", 2],
    ["result", 20],
    ["reply", 2],
  ]);
  expect(result.usage.costUsd).toBe(26);
});

it("invents no price", async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), "omniforge-cost-"));
  const forge = await createOmniForge({
    dataDirectory,
    models: { "scripted:dear": scriptedModel(() => ({ text: "done", usage })) },
  });
  const result = await forge.run(child, "Go");
  await forge.close();
  rmSync(dataDirectory, { recursive: true, force: true });
  expect(result.usage).toEqual({ inputTokens: usage.input, outputTokens: usage.output });
});
