import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  discoverModels,
  probeServer,
  registerDiscovered,
  type Probe,
} from "../../packages/omniforge/src/models/discovery/index.ts";
import { costOf, factsOf, shippedFacts } from "../../packages/omniforge/src/models/model-facts.ts";
import { createModelRegistry } from "../../packages/omniforge/src/models/model-registry.ts";
import {
  createProvider,
  installCommand,
  isInstalled,
  providerKinds,
} from "../../packages/omniforge/src/models/providers/index.ts";
import { loadPackage } from "../../packages/omniforge/src/models/providers/provider-module.ts";

const nobody: Probe = () => Promise.resolve({ kind: "nothing", why: "nothing listens there" });
const installed = (): boolean => true;
const at =
  (address: string, ...models: string[]): Probe =>
  (baseUrl) =>
    Promise.resolve(
      baseUrl.includes(address)
        ? { kind: "models", models }
        : { kind: "nothing", why: "nothing listens there" },
    );

describe("discovery", () => {
  it("finds nothing, and says where it looked and why not", async () => {
    const { found, looked, offer } = await discoverModels({}, nobody, installed);
    expect([found, offer]).toEqual([[], undefined]);
    expect(looked.map(({ place, why }) => `${place}: ${why}`)).toEqual([
      "OMNIFORGE_BASE_URL, OPENAI_BASE_URL: neither is set",
      "ANTHROPIC_API_KEY: it is not set",
      "OPENAI_API_KEY: it is not set",
      "GOOGLE_GENERATIVE_AI_API_KEY, GEMINI_API_KEY: neither is set",
      "Ollama on port 11434: nothing listens there",
      "LM Studio on port 1234: nothing listens there",
      "vLLM on port 8000: nothing listens there",
    ]);
  });

  it.each([
    ["ANTHROPIC_API_KEY", "anthropic:claude-sonnet-5-5"],
    ["OPENAI_API_KEY", "openai:gpt-6.2-sol"],
    ["GOOGLE_GENERATIVE_AI_API_KEY", "google:gemini-3.8-flash"],
    ["GEMINI_API_KEY", "google:gemini-3.8-flash"],
  ])("offers a model for %s, and repeats no key", async (variable, offer) => {
    const discovery = await discoverModels({ [variable]: "sk-secret" }, nobody, installed);
    expect(discovery.offer).toBe(offer);
    expect(discovery.found).toMatchObject([{ apiKeyFrom: variable, why: `${variable} is set` }]);
    expect(JSON.stringify(discovery)).not.toContain("secret");
  });

  it("offers models whose lengths and prices are known", async () => {
    const env = { ANTHROPIC_API_KEY: "a", OPENAI_API_KEY: "o", GEMINI_API_KEY: "g" };
    const { found } = await discoverModels(env, nobody, installed);
    const facts = found.flatMap(({ models }) => models).map((reference) => factsOf(reference));
    expect(facts).toHaveLength(3);
    for (const { context, output, perMillion } of facts.map((one) => one ?? {}))
      expect([context, output, perMillion]).not.toContain(undefined);
  });

  it("names the package that is missing, and offers what is usable before it", async () => {
    const env = { ANTHROPIC_API_KEY: "a", OPENAI_API_KEY: "o" };
    const { found, offer } = await discoverModels(env, nobody, (kind) => kind !== "anthropic");
    expect(offer).toBe("openai:gpt-6.2-sol");
    expect(found.at(-1)).toMatchObject({
      missingPackage: "@ai-sdk/anthropic",
      why: "ANTHROPIC_API_KEY is set; install its package: npm install @ai-sdk/anthropic@4",
    });
  });

  it("takes a base URL before everything else, with its own key", async () => {
    const env = {
      OMNIFORGE_BASE_URL: "http://models.test/v1",
      OMNIFORGE_MODEL_KEY: "k",
      OPENAI_API_KEY: "o",
    };
    const { found, offer } = await discoverModels(
      env,
      at("models.test", "qwen3", "nomic-embed-text"),
      installed,
    );
    expect(offer).toBe("openai-compatible:qwen3");
    expect(found[0]).toMatchObject({ baseUrl: "http://models.test/v1", apiKeyFrom: "OMNIFORGE_MODEL_KEY" });
  });

  it("gives the key of OPENAI_BASE_URL to nobody else", async () => {
    const env = { OPENAI_BASE_URL: "http://models.test/v1", OPENAI_API_KEY: "o" };
    const { found, looked } = await discoverModels(env, at("models.test", "m"), installed);
    expect(found.map(({ provider, apiKeyFrom }) => [provider, apiKeyFrom])).toEqual([
      ["openai-compatible", "OPENAI_API_KEY"],
    ]);
    expect(looked).toContainEqual({
      place: "OPENAI_API_KEY",
      found: false,
      why: "it is set, and belongs to OPENAI_BASE_URL",
    });
  });

  it.each([
    [":11434/", "ollama:llama3:8b"],
    [":1234/", "lmstudio:llama3:8b"],
    [":8000/", "vllm:llama3:8b"],
  ])("finds the server on this machine at %s", async (port, offer) => {
    expect((await discoverModels({}, at(port, "llama3:8b"), installed)).offer).toBe(offer);
  });

  it("obeys OMNIFORGE_MODEL", async () => {
    const env = { OMNIFORGE_MODEL: "openai:some-model", ANTHROPIC_API_KEY: "a" };
    expect((await discoverModels(env, nobody, installed)).offer).toBe("openai:some-model");
  });

  it("registers what it found, and leaves alone what is registered", async () => {
    const models = createModelRegistry();
    const own = createProvider("anthropic")("mine");
    models.register("openai", () => own);
    const env = { ANTHROPIC_API_KEY: "a", OPENAI_API_KEY: "o" };
    registerDiscovered(models, (await discoverModels(env, nobody, installed)).found, env);
    expect(models.get("anthropic:some-model")).toMatchObject({
      provider: "anthropic.messages",
      modelId: "some-model",
    });
    expect(models.get("openai:x")).toBe(own);
  });
});

describe("a probe", () => {
  const serve = async (answer: string, status = 200): Promise<{ url: string; close: () => void }> => {
    const server = createServer((_request, response) => void response.writeHead(status).end(answer));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}/v1`, close: () => void server.close() };
  };

  it.each([
    ['{"object":"list","data":[{"id":"a"},{"id":"b"}]}', 200, { kind: "models", models: ["a", "b"] }],
    ['{"object":"list","data":[]}', 200, { kind: "models", models: [] }],
    ["<html>", 200, { kind: "nothing", why: "what answers there has no list of models" }],
    ["{}", 401, { kind: "nothing", why: "it answered 401" }],
  ])("reads %s (%i)", async (answer, status, expected) => {
    const server = await serve(answer, status);
    expect(await probeServer(server.url, { timeoutMs: 2000 })).toEqual(expected);
    server.close();
  });

  it("ends at its time, and where nothing listens", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/v1`;
    expect(await probeServer(url, { timeoutMs: 100 })).toEqual({
      kind: "nothing",
      why: "it did not answer within 100 ms",
    });
    silent.closeAllConnections();
    await new Promise((resolve) => silent.close(resolve));
    expect(await probeServer(url, { timeoutMs: 100 })).toEqual({
      kind: "nothing",
      why: "nothing listens there",
    });
  });
});

describe("a provider's package", () => {
  it("is installed by its command in the version that the manifest asks for", () => {
    const manifest = readFileSync(new URL("../../packages/omniforge/package.json", import.meta.url), "utf8");
    const { peerDependencies } = z
      .object({ peerDependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(manifest));
    for (const [name, range] of Object.entries(peerDependencies).filter(([one]) =>
      one.startsWith("@ai-sdk/"),
    ))
      expect(installCommand(name)).toBe(`npm install ${name}@${range.replace("^", "").split(".")[0]}`);
  });

  it("is installed here, for every kind", () => {
    expect(providerKinds.filter((kind) => !isInstalled(kind))).toEqual([]);
  });

  it("is named with its command when it is missing", async () => {
    const name = "@ai-sdk/absent";
    await expect(loadPackage(name, () => import(name))).rejects.toMatchObject({
      code: "MODEL_PACKAGE_MISSING",
      message: "this model needs the package @ai-sdk/absent: npm install @ai-sdk/absent@4",
    });
  });

  it("fails as itself when it is there and broken", async () => {
    const broken = new SyntaxError("broken");
    await expect(loadPackage("@ai-sdk/x", () => Promise.reject(broken))).rejects.toBe(broken);
  });
});

describe("facts of models", () => {
  it("are found by the reference without its snapshot, each of a caller's own first", () => {
    expect(factsOf("anthropic:claude-haiku-4-5-20251001")).toMatchObject({ context: 200_000 });
    const shipped = factsOf("openai:gpt-6.2-sol");
    expect(shipped).toMatchObject({ above: { inputTokens: 272_000 } });
    expect(factsOf("openai:gpt-6.2-sol", { "openai:gpt-6.2-sol": { context: 10 } })).toEqual({
      ...shipped,
      context: 10,
    });
    expect(factsOf("ollama:llama3:8b")).toBeUndefined();
    expect(factsOf("ollama:llama3:8b", { "ollama:llama3": { context: 10 } })).toBeUndefined();
    expect(factsOf("ollama:llama3:8b", { "ollama:llama3:8b": { context: 10 } })).toEqual({ context: 10 });
  });

  it("of a price of one's own leave out what we know of the price of long calls", () => {
    const perMillion = { input: 1, output: 8 };
    const { above: _above, ...rest } = factsOf("openai:gpt-6.2-sol") ?? {};
    expect(factsOf("openai:gpt-6.2-sol", { "openai:gpt-6.2-sol": { perMillion } })).toEqual({
      ...rest,
      perMillion,
    });
  });

  it("are those of the model that a conversation is with", () => {
    expect(factsOf("chat:anthropic:claude-sonnet-5-5")).toEqual(factsOf("anthropic:claude-sonnet-5-5"));
  });

  it("say as of when they are right", () => {
    expect(shippedFacts().asOf).toMatch(/^\d{4}-\d{2}$/);
  });

  it("price what is read from and written to a cache by itself", () => {
    const usage = {
      inputTokens: 1_000_000,
      outputTokens: 100_000,
      cachedInputTokens: 500_000,
      cacheWriteTokens: 100_000,
    };
    expect(costOf(usage, factsOf("anthropic:claude-sonnet-5-5"))).toBeCloseTo(0.8 + 0.05 + 0.25 + 1, 6);
  });

  it("price a long call as its provider does", () => {
    const facts = factsOf("openai:gpt-6.2-sol");
    const usage = { inputTokens: 272_000, outputTokens: 100_000, cachedInputTokens: 72_000 };
    expect(costOf(usage, facts)).toBeCloseTo(0.4 + 0.0072 + 1, 6);
    expect(costOf({ ...usage, inputTokens: 372_000 }, facts)).toBeCloseTo(1.2 + 0.0144 + 1.5, 6);
  });

  it("guess no price", () => {
    expect(costOf({ inputTokens: 1, outputTokens: 1 }, factsOf("ollama:llama3"))).toBeUndefined();
  });
});
