/** What providers' servers send, replayed through the providers' packages: golden/README.md names the sources. */
import { describe, expect, it } from "vitest";
import { adapters, modelAt, type Adapter } from "./adapters.ts";
import { attempt, callsOf, failureOf, replied, said, textOf, type Attempted } from "./attempt.ts";
import { golden, streamServer, type StreamServer } from "./stream-server.ts";

const named = (name: string): Adapter => {
  const found = adapters.find((adapter) => adapter.name === name);
  if (found === undefined) throw new Error(`no adapter is called ${name}`);
  return found;
};
const [compatible, chat, responses, anthropic, google] = [
  "OpenAI-compatible",
  "OpenAI chat",
  "OpenAI Responses",
  "Anthropic",
  "Google",
].map(named) as [Adapter, Adapter, Adapter, Adapter, Adapter];

async function play(adapter: Adapter, name: string): Promise<Attempted> {
  await using server = await streamServer({ body: golden(name) });
  return await attempt(modelAt(adapter, server.url), { reference: adapter.reference });
}

/** The request of the call after this reply, its results given. */
async function next(adapter: Adapter, { reply }: Attempted, reference = adapter.reference): Promise<string> {
  const results = callsOf(reply.parts).map(() => [{ type: "text" as const, text: "done" }]);
  const items = [said("sums"), replied(adapter.reference, reply.parts, results)];
  await using server: StreamServer = await streamServer({ body: golden(adapter.golden.text) });
  await attempt(modelAt({ ...adapter, reference }, server.url), { reference, items });
  return JSON.stringify(server.asked[0]?.body);
}

const sums = [
  { index: 0, name: "add", arguments: { a: 1, b: 2 } },
  { index: 1, name: "add", arguments: { a: 3, b: 4 } },
];

describe("OpenAI's chat format", () => {
  it.each([compatible, chat])("is a text, with what was cached ($name)", async (adapter) => {
    const { reply, deltas } = await play(adapter, "openai-chat-text");
    expect(textOf(reply.parts)).toBe("Hello, wörld 👋");
    expect(deltas.text).toBe("Hello, wörld 👋");
    expect(reply.usage).toEqual({ inputTokens: 1120, outputTokens: 9, cachedInputTokens: 1024 });
  });

  it.each([compatible, chat])("is two calls at once ($name)", async (adapter) => {
    const { reply } = await play(adapter, "openai-chat-parallel-calls");
    expect(callsOf(reply.parts)).toMatchObject(sums);
    expect(reply.stop).toBe("tool-calls");
  });

  it.each([compatible, chat])("is a refusal that says so: an answer ($name)", async (adapter) => {
    const { reply } = await play(adapter, "openai-chat-refusal");
    expect(textOf(reply.parts)).toBe("I'm sorry, I can't help with that.");
    expect(reply.stop).toBe("content-filter");
  });

  it("carries reasoning, which goes back to the same family only", async () => {
    const attempted = await play(compatible, "compatible-reasoning");
    expect(attempted.reply.parts).toEqual([
      { type: "reasoning", text: "One and two make three.", model: "local:llama3:8b" },
      { type: "text", text: "3" },
    ]);
    expect(attempted.deltas).toEqual({ text: "3", reasoning: "One and two make three." });
    expect(attempted.reply.usage).toMatchObject({ cachedInputTokens: 16, reasoningTokens: 10 });
    expect(await next(compatible, attempted)).toContain("One and two make three.");
    expect(await next(compatible, attempted, "local:other")).not.toContain("One and two");
  });

  it("carries an error after it began", async () => {
    const failure = await failureOf(play(compatible, "compatible-error"));
    expect(failure.message).toContain("EngineCore encountered an issue");
    expect(failure.retryable).toBe(true);
  });

  it("says that the context is full", async () => {
    expect(await failureOf(play(compatible, "compatible-overflow"))).toMatchObject({
      contextFull: true,
      retryable: false,
    });
  });
});

describe("OpenAI's Responses format", () => {
  it("keeps encrypted reasoning and the items' ids, and sends them back to the same family", async () => {
    const attempted = await play(responses, "openai-responses-reasoning-calls");
    expect(callsOf(attempted.reply.parts)).toMatchObject(sums);
    expect(attempted.deltas.reasoning).toBe("I add both.");
    const again = await next(responses, attempted);
    expect(again).toContain('"encrypted_content":"gAAAAABn-whole"');
    expect(again).toContain('"call_id":"call_FfnrcGQa5aIwQyjbvBsPk6G1"');
    const snapshot = await next(responses, attempted, "openai:gpt-5-2025-08-07");
    expect(snapshot).toContain("gAAAAABn-whole");
  });

  it("leaves nothing with OpenAI that a later turn would need from there", async () => {
    const again = await next(responses, await play(responses, "openai-responses-reasoning-calls"));
    expect(again).toContain('"store":false');
    expect(again).toContain('"include":["reasoning.encrypted_content"]');
    expect(again).not.toContain("item_reference");
  });

  it("drops reasoning, ids of items and ids of calls on the way to another family", async () => {
    const attempted = await play(responses, "openai-responses-reasoning-calls");
    const other = await next(responses, attempted, "openai:gpt-4.1");
    for (const theirs of ["gAAAAABn", "rs_67cc", "fc_67cc", "call_Ffnr"]) expect(other).not.toContain(theirs);
    expect(other).toContain('"call_id":"call_1_0"');
  });

  it("fails on the server's side", async () => {
    const failure = await failureOf(play(responses, "openai-responses-failed"));
    expect(failure).toMatchObject({ message: "The model failed to generate a response.", retryable: true });
  });

  it("says that the context is full", async () => {
    expect(await failureOf(play(responses, "openai-responses-overflow"))).toMatchObject({
      contextFull: true,
      retryable: false,
    });
  });
});

describe("Anthropic's format", () => {
  it("keeps thinking with its signature, and what is redacted, in order", async () => {
    const { reply, deltas } = await play(anthropic, "anthropic-thinking-calls");
    expect(reply.parts.map(({ type }) => type)).toEqual([
      "reasoning",
      "reasoning",
      "text",
      "tool-call",
      "tool-call",
    ]);
    expect(reply.parts[0]).toMatchObject({
      text: "Two sums at once.",
      native: { anthropic: { signature: "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk=" } },
    });
    expect(callsOf(reply.parts)).toMatchObject(sums);
    expect(deltas).toEqual({ text: "Let me add.", reasoning: "Two sums at once." });
    expect(reply.usage).toEqual({
      inputTokens: 2572,
      outputTokens: 89,
      cachedInputTokens: 2000,
      cacheWriteTokens: 100,
    });
  });

  it("is given thinking and redacted thinking again, and only the same family is", async () => {
    const attempted = await play(anthropic, "anthropic-thinking-calls");
    const again = await next(anthropic, attempted);
    expect(again).toContain('"signature":"EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk="');
    expect(again).toContain('"type":"redacted_thinking"');
    const other = await next(anthropic, attempted, "anthropic:claude-opus-4-5");
    expect(other).not.toContain("thinking");
    expect(other).toContain("Let me add.");
  });

  it("cuts arguments at the output limit, which are kept as they were", async () => {
    const { reply } = await play(anthropic, "anthropic-cut-arguments");
    expect(callsOf(reply.parts)).toMatchObject([{ arguments: {}, malformed: '{"a": 1, "b": ' }]);
    expect(reply.stop).toBe("length");
  });

  it("is overloaded in the middle: worth another attempt, and what it read is counted", async () => {
    const failure = await failureOf(play(anthropic, "anthropic-overloaded"));
    expect(failure).toMatchObject({ message: "Overloaded", retryable: true });
    expect(failure.usage).toMatchObject({ inputTokens: 2572, cachedInputTokens: 2000 });
  });

  it("refuses without a word, for good", async () => {
    const failure = await failureOf(play(anthropic, "anthropic-refusal"));
    expect(failure).toMatchObject({
      message: "the provider's content filter stopped the reply (refusal)",
      retryable: false,
    });
  });

  it("fills the context while it replies", async () => {
    expect(await failureOf(play(anthropic, "anthropic-window"))).toMatchObject({ contextFull: true });
  });
});

describe("Google's format", () => {
  it("keeps signatures, also on an empty text, and sends them back", async () => {
    const attempted = await play(google, "google-thoughts-calls");
    expect(callsOf(attempted.reply.parts)).toMatchObject(sums);
    expect(attempted.reply.usage).toEqual({ inputTokens: 264, outputTokens: 106, reasoningTokens: 70 });
    const again = await next(google, attempted);
    expect(again).toContain('"thoughtSignature":"CiIBVKhc7pGd"');
    expect(again).toContain('"thoughtSignature":"CpQBVKhc7vXy"');
    const other = await next(google, attempted, "google:gemini-2.5-flash");
    expect(other).not.toContain("VKhc7");
    expect(other).not.toContain("Both sums");
  });

  it("blocks a prompt, for good", async () => {
    const failure = await failureOf(play(google, "google-blocked"));
    expect(failure).toMatchObject({ retryable: false });
    expect(failure.message).toContain("content filter");
    expect(failure.usage.inputTokens).toBe(12);
  });

  it("writes a malformed call: worth another attempt", async () => {
    const failure = await failureOf(play(google, "google-malformed-call"));
    expect(failure).toMatchObject({
      message: "the model's provider reported an error (MALFORMED_FUNCTION_CALL)",
      retryable: true,
    });
  });

  it("is overloaded in the middle: worth another attempt", async () => {
    const failure = await failureOf(play(google, "google-error"));
    expect(failure).toMatchObject({ retryable: true });
    expect(failure.message).toContain("overloaded");
    expect(failure.usage.inputTokens).toBe(264);
  });
});
