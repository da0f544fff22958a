/** Adapter × fault, against a mock of the providers' servers over HTTP. */
import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { adapters, modelAt } from "./adapters.ts";
import { attempt, callsOf, failureOf, replied, said, textOf, type Attempted } from "./attempt.ts";

const usage = {
  prompt_tokens: 11,
  completion_tokens: 7,
  input_tokens: 11,
  output_tokens: 7,
  promptTokenCount: 11,
  candidatesTokenCount: 7,
};
const two = [
  { name: "add", arguments: '{"a":1,"b":2}', id: "call_a" },
  { name: "add", arguments: '{"a":3,"b":4}', id: "call_b" },
];

const mock = new LLMock({ port: 0, chunkSize: 5 });

beforeAll(async () => {
  mock.on({ userMessage: "sums", hasToolResult: false }, { content: "I add.", toolCalls: two });
  mock.on({ userMessage: "sums", hasToolResult: true }, { content: "3 and 7" });
  mock.onMessage("greet", { content: "Hello there, friend.", usage });
  mock.onMessage("malformed", { toolCalls: [{ name: "add", arguments: '{"a":1,"b":', id: "call_m" }] });
  mock.onMessage("limited", { error: { message: "Slow down" }, status: 429, retryAfter: 7 });
  mock.onMessage("broken", { error: { message: "Oops" }, status: 500 });
  mock.onMessage("overloaded", { error: { message: "Overloaded" }, status: 529 });
  for (const status of [400, 401, 402, 403, 404, 413, 422])
    mock.onMessage(`refused ${status}`, { error: { message: "No" }, status });
  mock.onMessage("cut", { content: "This is cut in the middle of it." }, { truncateAfterChunks: 3 });
  mock.onMessage("slow", { content: "late" }, { streamingProfile: { ttft: 3000 } });
  await mock.start();
});
beforeEach(() => mock.clearRequests());
afterAll(() => mock.stop());

describe.each(adapters)("$name", (adapter) => {
  const ask = (text: string, options: Parameters<typeof attempt>[1] = {}): Promise<Attempted> =>
    attempt(modelAt(adapter, mock.url), { reference: adapter.reference, items: [said(text)], ...options });

  it("streams text, and counts what it used", async () => {
    const { reply, deltas } = await ask("greet");
    expect(textOf(reply.parts)).toBe("Hello there, friend.");
    expect(deltas.text).toBe("Hello there, friend.");
    expect(reply).toMatchObject({ stop: "stop", usage: { inputTokens: 11, outputTokens: 7 } });
  });

  it("asks for two calls at once, and answers when it is given both results", async () => {
    const first = await ask("sums");
    expect(
      callsOf(first.reply.parts).map(({ index, name, arguments: given }) => [index, name, given]),
    ).toEqual([
      [0, "add", { a: 1, b: 2 }],
      [1, "add", { a: 3, b: 4 }],
    ]);
    const results = ["3", "7"].map((text) => [{ type: "text" as const, text }]);
    const items = [said("sums"), replied(adapter.reference, first.reply.parts, results)];
    const second = await ask("sums", { items });
    expect(textOf(second.reply.parts)).toBe("3 and 7");
  });

  it("is limited, and says when to come back", async () => {
    const failure = await failureOf(ask("limited"));
    expect(failure).toMatchObject({
      message: "Slow down",
      retryable: true,
      retryAfterMs: 7000,
      contextFull: false,
    });
    expect(mock.getRequests()).toHaveLength(1);
  });

  it.each(["broken", "overloaded"])(
    "fails on the server's side (%s), and is worth another attempt",
    async (what) => {
      expect(await failureOf(ask(what))).toMatchObject({ retryable: true, contextFull: false });
      expect(mock.getRequests()).toHaveLength(1);
    },
  );

  it.each([400, 401, 402, 403, 404, 413, 422])("is refused with %i, for good", async (status) => {
    expect(await failureOf(ask(`refused ${status}`))).toMatchObject({ retryable: false });
    expect(mock.getRequests()).toHaveLength(1);
  });

  it("is cut in the middle, which is never a reply", async () => {
    expect(await failureOf(ask("cut"))).toMatchObject({ retryable: true, contextFull: false });
  });

  it("is slow to begin, until its time is over", async () => {
    const failure = await failureOf(ask("slow", { idleTimeoutMs: 150 }));
    expect(failure).toMatchObject({ message: "the model was silent for 150 ms", retryable: true });
  });
});

// The mock itself turns broken arguments into {} where the wire carries objects; see the golden streams for these.
describe.each(adapters.filter(({ kind }) => kind.startsWith("openai")))("$name", (adapter) => {
  it("writes arguments that are no JSON, which are kept", async () => {
    const items = [said("malformed")];
    const { reply } = await attempt(modelAt(adapter, mock.url), { reference: adapter.reference, items });
    expect(callsOf(reply.parts)).toMatchObject([{ name: "add", arguments: {}, malformed: '{"a":1,"b":' }]);
  });
});
