/** Tasks from start to end on real provider packages: what a failed call means for the task. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createOmniForge, defineAgent, defineTool, type Entry, type RunResult } from "omniforge";
import { adapters, modelAt, type Adapter } from "./adapters.ts";
import { golden, streamServer, type Answer } from "./stream-server.ts";

let directory = "";
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), "models-"))));
afterEach(() => rm(directory, { recursive: true, force: true }));

const add = defineTool({
  name: "add",
  description: "Adds two numbers.",
  effects: "none",
  parameters: z.object({ a: z.number(), b: z.number() }),
  execute: ({ a, b }) => String(a + b),
});

interface Outcome {
  readonly result: RunResult;
  readonly log: readonly Entry[];
  readonly asked: readonly string[];
}

async function run(name: string, ...answers: readonly Answer[]): Promise<Outcome> {
  const adapter = adapters.find((one) => one.name === name);
  await using server = await streamServer(...answers);
  const forge = await createOmniForge({ dataDirectory: directory, models: modelsOf(adapter, server.url) });
  try {
    const agent = defineAgent({
      name: "adder",
      instructions: "You add.",
      model: adapter?.reference ?? "",
      tools: [add],
      modelRetry: { initialIntervalMs: 1 },
    });
    const result = await forge.run(agent, "1+2 and 3+4");
    const asked = server.asked.map(({ body }) => JSON.stringify(body));
    return { result, log: await forge.log(result.task), asked };
  } finally {
    await forge.close();
  }
}

const modelsOf = (adapter: Adapter | undefined, url: string): Record<string, ReturnType<typeof modelAt>> =>
  adapter === undefined ? {} : { [adapter.reference]: modelAt(adapter, url) };
const refused = (status: number, message: string, headers = {}): Answer => ({
  status,
  headers,
  body: JSON.stringify({ error: { message, type: "x", code: null } }),
});

describe("a task on a real provider's package", () => {
  it("waits as it is asked to, runs both calls of a reply, and answers", async () => {
    const { result, log, asked } = await run(
      "Google",
      refused(429, "Slow down", { "retry-after-ms": "30" }),
      { body: golden("google-thoughts-calls") },
      { body: golden("google-text") },
    );
    expect(result).toMatchObject({ state: "completed", text: "Hello." });
    expect(asked).toHaveLength(3);
    expect(asked[2]).toContain('"functionResponse"');
    expect(log.filter(({ kind }) => kind === "result")).toHaveLength(2);
    expect(log.filter(({ kind }) => kind === "attempt")).toMatchObject([
      { body: { error: { code: "MODEL_FAILED", message: "Too Many Requests: Slow down" } } },
    ]);
  });

  it("fails at once when its key is refused", async () => {
    const { result, asked } = await run("OpenAI Responses", refused(401, "Incorrect API key provided"));
    expect(result).toMatchObject({
      state: "failed",
      error: { code: "MODEL_REFUSED", message: "Incorrect API key provided" },
    });
    expect(asked).toHaveLength(1);
  });

  it("fails after the attempts that its policy allows, each of them one request", async () => {
    const { result, asked } = await run("OpenAI chat", refused(503, "Try later"));
    expect(result).toMatchObject({ state: "failed", error: { code: "MODEL_FAILED" } });
    expect(asked).toHaveLength(3);
  });

  it("is put in short when its context is full, and goes on", async () => {
    const { result, log, asked } = await run(
      "OpenAI-compatible",
      refused(400, "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens."),
      { body: golden("openai-chat-text") },
    );
    expect(result).toMatchObject({ state: "completed", text: "Hello, wörld 👋" });
    expect(asked).toHaveLength(3);
    expect(asked[1]).toContain("Summarise this conversation");
    expect(log.filter(({ kind }) => kind === "compaction")).toHaveLength(1);
  });

  it("counts what a reply used that no longer fitted", async () => {
    const { result, log } = await run("Anthropic", { body: golden("anthropic-window") });
    expect(result).toMatchObject({ state: "failed" });
    expect(log.find(({ kind }) => kind === "attempt")).toMatchObject({
      body: { error: { code: "CONTEXT_FULL" }, usage: { inputTokens: 2572, outputTokens: 999 } },
    });
  });
});
