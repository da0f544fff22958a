import { describe, expect, it } from "vitest";
import { withSettings } from "../../packages/omniforge/src/models/call-settings.ts";
import type { ModelPrompt } from "../../packages/omniforge/src/models/language-model.ts";
import { modelFamily, parseReference } from "../../packages/omniforge/src/models/model-reference.ts";
import { ReplyParts } from "../../packages/omniforge/src/models/reply-parts.ts";
import { toModelTools, toPrompt } from "../../packages/omniforge/src/models/to-prompt.ts";
import type { Part } from "../../packages/omniforge/src/protocol/message.ts";
import type { TranscriptItem } from "../../packages/omniforge/src/protocol/transcript.ts";
import { adapters, modelAt } from "./adapters.ts";
import { attempt, replied, said, specOf } from "./attempt.ts";
import { golden, streamServer } from "./stream-server.ts";

const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const image: Part = { type: "file", mediaType: "image/png", name: "dot.png", data: png };
const spec = specOf("anthropic:claude-sonnet-4-5");

const user = (...parts: Part[]): TranscriptItem => ({ role: "user", message: { v: 1, role: "user", parts } });
const call = (index: number, callId: string): Part => ({
  type: "tool-call",
  index,
  callId,
  name: "add",
  arguments: { a: 1 },
});
const text = (value: string): Part[] => [{ type: "text", text: value }];

describe("a prompt", () => {
  it("is the same at its beginning, however much is added", () => {
    const items = [said("one"), replied(spec.model, [call(0, "x")], [text("1")])];
    const shorter = JSON.stringify(toPrompt(spec, items)).slice(0, -1);
    const longer = JSON.stringify(toPrompt(spec, [...items, said("two"), said("three")]));
    expect(longer.startsWith(shorter)).toBe(true);
  });

  it("says back no name that providers refuse, of a tool that a model made up", () => {
    const made: Part[] = ["functions.read", "rm -rf \u0000", "", "x".repeat(200), "read_2-b"].map(
      (name, index) => ({
        type: "tool-call",
        index,
        callId: `id${index}`,
        name,
        arguments: {},
      }),
    );
    const [, asked, told] = toPrompt(spec, [
      replied(
        spec.model,
        made,
        made.map(() => text("no")),
      ),
    ]);
    const names = ["functions_read", "rm_-rf__", "unknown", "x".repeat(64), "read_2-b"];
    const namesIn = (message: typeof asked): unknown[] =>
      Array.isArray(message?.content)
        ? message.content.flatMap((part) => ("toolName" in part ? [part.toolName] : []))
        : [];
    expect(namesIn(asked)).toEqual(names);
    expect(namesIn(told)).toEqual(names);
  });

  it("never holds an empty message", () => {
    const items = [user(), user({ type: "text", text: "" }), replied("other:model", [reasoning]), said("x")];
    for (const { content } of toPrompt(spec, items)) expect(content.length).toBeGreaterThan(0);
  });

  it("gives calls ids of our own where a server repeats its own or gives none", () => {
    for (const ids of [
      ["same", "same"],
      ["", "b"],
    ]) {
      const calls = ids.map((id, index) => call(index, id));
      const [, , given] = toPrompt(spec, [said("x"), replied(spec.model, calls, [text("1"), text("2")], 3)]);
      expect(JSON.stringify(given)).toContain('"toolCallId":"call_3_0"');
      expect(JSON.stringify(given)).toContain('"toolCallId":"call_3_1"');
    }
  });

  it("never sends arguments that are no object", () => {
    const odd: Part = { type: "tool-call", index: 0, callId: "x", name: "add", arguments: "text" };
    expect(JSON.stringify(toPrompt(spec, [replied(spec.model, [odd], [text("1")])]))).toContain('"input":{}');
  });

  it("answers a call that has no result", () => {
    const prompt = toPrompt(spec, [replied(spec.model, [call(0, "x")])]);
    expect(prompt.at(-1)).toMatchObject({ role: "tool", content: [{ output: { type: "error-text" } }] });
  });

  it("takes text files as text, and names what is too large", () => {
    const notes: Part = { type: "file", mediaType: "text/csv", name: "a.csv", data: btoa("1,2") };
    const large: Part = {
      type: "file",
      mediaType: "image/png",
      name: "b.png",
      blob: { hash: "h", bytes: 9e6 },
    };
    const sent = JSON.stringify(toPrompt(spec, [user(notes, large)]));
    expect(sent).toContain("[file a.csv, text/csv]\\n1,2");
    expect(sent).toContain("[file b.png, image/png: too large to be shown here]");
  });
});

const reasoning: Part = { type: "reasoning", text: "hm", model: "other:model" };

describe.each(adapters)("images to $name", (adapter) => {
  const sentWith = async (items: readonly TranscriptItem[]): Promise<string> => {
    await using server = await streamServer({ body: golden(adapter.golden.text) });
    await attempt(modelAt(adapter, server.url), { reference: adapter.reference, items });
    return JSON.stringify(server.asked[0]?.body);
  };

  it("are sent in a message", async () => {
    expect(await sentWith([user({ type: "text", text: "look" }, image)])).toContain(png);
  });

  it("are sent as images when a tool returned them, never as a text of base64", async () => {
    const sent = await sentWith([
      said("x"),
      replied(adapter.reference, [call(0, "call_x")], [[...text("a dot"), image]]),
    ]);
    expect(sent).toContain("a dot");
    expect(sent.split(png)).toHaveLength(2);
    expect(sent).toMatch(/image_url|"type":"(base64|input_image)"|inlineData|inline_data/);
  });
});

describe("what a call is given beside its prompt", () => {
  const prompt: ModelPrompt = toPrompt(spec, [
    said("one"),
    replied(spec.model, [call(0, "x")], [text("1")]),
    said("two"),
  ]);
  const tools = toModelTools(spec);
  const marks = (provider: string): number[] =>
    withSettings(provider, { prompt, tools }, { task: "t", offerTools: true }).prompt.flatMap((message, at) =>
      message.providerOptions?.["anthropic"]?.["cacheControl"] === undefined ? [] : [at],
    );

  it("marks the ends of the stable beginning for Anthropic's cache, and for nobody else", () => {
    expect(prompt.map(({ role }) => role)).toEqual(["system", "user", "assistant", "tool", "user"]);
    expect(marks("anthropic.messages")).toEqual([0, 1, 4]);
    expect(marks("openai.responses")).toEqual([]);
    expect(marks("google.generative-ai")).toEqual([]);
    expect(prompt.every((message) => message.providerOptions === undefined)).toBe(true);
  });

  it("keeps the tools in the cached prefix of a call that may not use them, where that works", () => {
    const compacting = { task: "t", offerTools: false };
    expect(withSettings("anthropic.messages", { prompt, tools }, compacting)).toMatchObject({
      tools: [{ name: "add" }],
      toolChoice: { type: "none" },
    });
    expect(withSettings("keyless", { prompt, tools }, compacting).tools).toBeUndefined();
  });

  it("stores nothing with OpenAI, and names the task as the cache's key", () => {
    const given = withSettings("openai.responses", { prompt, tools }, { task: "task_7", offerTools: true });
    expect(given.providerOptions).toEqual({ openai: { store: false, promptCacheKey: "task_7" } });
  });
});

describe("a reference", () => {
  it.each([
    ["openai:gpt-5-2025-08-07", "openai:gpt-5"],
    ["openai:gpt-5-mini", "openai:gpt-5-mini"],
    ["anthropic:claude-sonnet-4-5-20250929", "anthropic:claude-sonnet-4-5"],
    ["anthropic:claude-sonnet-4-5@20250929", "anthropic:claude-sonnet-4-5"],
    ["google:gemini-2.0-flash-001", "google:gemini-2.0-flash"],
    ["ollama:llama3:8b", "ollama:llama3:8b"],
    ["ollama:llama3:latest", "ollama:llama3"],
  ])("%s is of the family %s", (reference, family) => {
    expect(modelFamily(reference)).toBe(family);
  });

  it("is split at its first colon", () => {
    expect(parseReference("ollama:llama3:8b")).toEqual({ provider: "ollama", model: "llama3:8b" });
  });
});

describe("a reply's parts", () => {
  const read = (build: (reply: ReplyParts) => void): { parts: Part[]; deltas: string[] } => {
    const deltas: string[] = [];
    const reply = new ReplyParts("test:model", (_channel, delta) => void deltas.push(delta));
    build(reply);
    return { parts: reply.parts(), deltas };
  };

  it("keep a character whose halves come one after the other", () => {
    const { parts, deltas } = read((reply) => {
      reply.add({ type: "text-start", id: "0" });
      reply.add({ type: "text-delta", id: "0", delta: "a\uD83D" });
      reply.add({ type: "text-delta", id: "0", delta: "\uDC4B" });
      reply.add({ type: "text-delta", id: "0", delta: "\uD83D" });
      reply.add({ type: "text-end", id: "0" });
    });
    expect(deltas).toEqual(["a", "👋", "\uFFFD"]);
    expect(parts).toEqual([{ type: "text", text: "a👋\uFFFD" }]);
  });

  it("merge metadata of start, deltas and end, member by member", () => {
    const { parts } = read((reply) => {
      reply.add({ type: "reasoning-start", id: "r", providerMetadata: { openai: { itemId: "rs_1" } } });
      reply.add({ type: "reasoning-delta", id: "r", delta: "hm" });
      reply.add({ type: "reasoning-end", id: "r", providerMetadata: { openai: { encrypted: "x" } } });
    });
    expect(parts).toMatchObject([{ native: { openai: { itemId: "rs_1", encrypted: "x" } } }]);
  });

  it("skip what is unknown: custom parts, sources, calls that the provider ran", () => {
    const { parts } = read((reply) => {
      reply.add({ type: "custom", kind: "anthropic.fallback" });
      reply.add({ type: "source", sourceType: "url", id: "1", url: "https://example.com" });
      reply.add({
        type: "tool-call",
        toolCallId: "1",
        toolName: "search",
        input: "{}",
        providerExecuted: true,
      });
      reply.add({ type: "text-delta", id: "0", delta: "hi" });
    });
    expect(parts).toEqual([{ type: "text", text: "hi" }]);
  });
});
