/** Limits of cost where an engine is not needed to see them: at submitting, in conversations, and on the command line. */
import { writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defineAgent } from "omniforge";
import { hasPrice, priced } from "../../packages/omniforge/src/steps/price.ts";
import { omniforge, place, program, type Place } from "../e2e/program.ts";
import { withForge } from "../models/forge.ts";

const modelFacts = { "scripted:dear": { perMillion: { input: 10, output: 20 } } };
const usage = { inputTokens: 1_000_000, outputTokens: 500_000 };

describe("a limit of cost", () => {
  const [free, unknown] = ["keyless:demo", "scripted:test"];
  const sub = defineAgent({ name: "sub", instructions: "", model: unknown });
  const definition = { name: "main", instructions: "", limits: { costUsd: 1 } };
  it.each([
    ["its model's", defineAgent({ ...definition, model: unknown })],
    ["a fallback model's", defineAgent({ ...definition, model: free, fallbackModels: [unknown] })],
    ["a sub-agent's", defineAgent({ ...definition, model: free, agents: [sub] })],
  ])("is refused at once where %s price is unknown", async (_whose, agent) => {
    await withForge({ "scripted:test": () => ({ text: "done" }) }, async (forge) => {
      await expect(forge.submit(agent, "go")).rejects.toMatchObject({ code: "PRICE_UNKNOWN" });
      expect(await forge.list()).toEqual([]);
    });
  });

  it("lets the keyless model run, which costs nothing", async () => {
    const agent = defineAgent({ ...definition, model: free });
    await withForge({}, async (forge) => {
      expect(await forge.run(agent, "list")).toMatchObject({ state: "completed" });
    });
  });

  it("knows a model in a conversation by its own name", () => {
    expect(hasPrice({ modelFacts }, "chat:scripted:dear")).toBe(true);
    expect(priced({ modelFacts }, "chat:scripted:dear", usage)).toEqual({ ...usage, costUsd: 20 });
    expect(hasPrice({ modelFacts }, "chat:scripted:cheap")).toBe(false);
  });
});

describe("--max-cost", () => {
  let here: Place;
  beforeEach(async () => {
    here = await place();
  });
  afterEach(() => here.remove());

  it("holds a task against the prices of the config file", { timeout: 120_000 }, async () => {
    await writeFile(
      here.path("omniforge.config.ts"),
      `import { defineAgent, defineConfig } from "omniforge";
import { scriptedModel } from "omniforge/testing";
const usage = { input: 1_000_000, output: 0 };
export default defineConfig({
  agents: [defineAgent({ name: "main", instructions: "" })],
  models: { "my:model": scriptedModel(() => ({ calls: [{ name: "none" }], usage })) },
  model: "my:model",
  modelFacts: { "my:model": { perMillion: { input: 0.25, output: 0 } } },
});
`,
    );
    const { code, stdout } = await program("main", ["run", "go", "--max-cost", "0.50", ...here.data], {
      folder: here.workspace,
    }).ended;
    expect(code).toBe(1);
    expect(stdout).toContain("limit of cost");
    expect(stdout).toContain("$0.50");
  });

  it("is a number above 0", { timeout: 60_000 }, async () => {
    const { code, stderr } = await omniforge("run", "go", "--max-cost", "free");
    expect(code).toBe(2);
    expect(stderr).toContain("above 0");
  });
});
