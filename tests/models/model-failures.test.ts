import { describe, expect, it } from "vitest";
import { saysContextFull } from "../../packages/omniforge/src/models/context-full.ts";
import { APICallError } from "../../packages/omniforge/src/models/language-model.ts";
import { ModelFailure, toModelFailure } from "../../packages/omniforge/src/models/model-failure.ts";
import { retryAfterMs } from "../../packages/omniforge/src/models/retry-after.ts";
import { OmniForgeError } from "../../packages/omniforge/src/protocol/error.ts";
import { noUsage } from "../../packages/omniforge/src/protocol/message.ts";

const now = Date.parse("2026-01-01T00:00:00Z");

const failure = (thrown: unknown): ModelFailure => {
  const found = toModelFailure(thrown, noUsage, now);
  if (!(found instanceof ModelFailure)) throw found;
  return found;
};

const answered = (
  statusCode: number,
  message: string,
  more: { responseHeaders?: Record<string, string>; responseBody?: string } = {},
): APICallError => new APICallError({ message, url: "test:", requestBodyValues: {}, statusCode, ...more });

describe("a full context", () => {
  it.each([
    [
      "OpenAI",
      400,
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 150000 tokens.",
    ],
    [
      "OpenAI Responses",
      400,
      "Your input exceeds the context window of this model. Please adjust your input and try again.",
    ],
    [
      "OpenAI, one request above the minute",
      429,
      "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 40000.",
    ],
    ["Anthropic", 400, "prompt is too long: 213462 tokens > 200000 maximum"],
    [
      "Anthropic, with its output",
      400,
      "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length",
    ],
    ["Anthropic, by bytes", 413, "Request exceeds the maximum size"],
    [
      "Google",
      400,
      "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
    ],
    ["Bedrock", 400, "Input is too long for requested model."],
    ["xAI", 400, "This model's maximum prompt length is 131072 but the request contains 537812 tokens."],
    ["Groq", 400, "Please reduce the length of the messages or completion."],
    [
      "OpenRouter",
      400,
      "This endpoint's maximum context length is 131072 tokens. However, you requested about 150000 tokens",
    ],
    [
      "Mistral",
      400,
      "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
    ],
    ["vLLM", 400, "The decoder prompt (length 5000) is longer than the maximum model length of 4096."],
    ["llama.cpp", 400, "the request exceeds the available context size, try increasing it"],
    [
      "LM Studio",
      undefined,
      "The number of tokens to keep from the initial prompt is greater than the context length.",
    ],
    ["Ollama", 400, "input length exceeds the context length"],
    ["Moonshot", 400, "Invalid request: Your request exceeded model token limit: 262144"],
  ])("is recognised in the words of %s", (_who, status, text) => {
    expect(saysContextFull(status, text)).toBe(true);
  });

  it.each([
    [429, "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000."],
    [429, "Number of request tokens has exceeded your per-minute rate limit"],
    [400, "max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens for this model"],
    [401, "prompt is too long"],
    [400, "tools.0.name: string is too long"],
    [500, "Internal server error"],
    [undefined, "terminated"],
  ])("is not suspected in %s: %s", (status, text) => {
    expect(saysContextFull(status, text)).toBe(false);
  });

  it("is found in an answer's body too, and is not retried", () => {
    const thrown = answered(400, "Bad Request", {
      responseBody: '{"error":{"code":"context_length_exceeded"}}',
    });
    expect(failure(thrown)).toMatchObject({ contextFull: true, retryable: false });
  });
});

describe("another attempt", () => {
  it.each([400, 401, 402, 403, 404, 405, 413, 415, 422])("does not help against %i", (status) => {
    expect(failure(answered(status, "No")).retryable).toBe(false);
  });

  it.each([408, 409, 429, 500, 502, 503, 504, 520, 529])("may help against %i", (status) => {
    expect(failure(answered(status, "Not now")).retryable).toBe(true);
  });

  it("does not fill an empty purse", () => {
    const body = '{"error":{"code":"insufficient_quota","message":"You exceeded your current quota"}}';
    expect(failure(answered(429, "You exceeded your current quota", { responseBody: body })).retryable).toBe(
      false,
    );
  });

  it("waits as long as Google says, though it words a full minute as an empty purse", () => {
    const body =
      '{"error":{"code":429,"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.07s"}]}}';
    const message = "You exceeded your current quota, please check your plan and billing details.";
    expect(failure(answered(429, message, { responseBody: body }))).toMatchObject({
      retryable: true,
      retryAfterMs: 34_070,
    });
  });

  it("is not made where the server says so", () => {
    const thrown = answered(500, "No", { responseHeaders: { "x-should-retry": "false" } });
    expect(failure(thrown).retryable).toBe(false);
  });

  it("is made after a broken connection, which is told with its cause", () => {
    const thrown = new TypeError("terminated", { cause: new Error("other side closed") });
    expect(failure(thrown)).toMatchObject({ message: "terminated: other side closed", retryable: true });
  });

  it("is not made without a key", async () => {
    const { LoadAPIKeyError } = await import("@ai-sdk/provider");
    expect(failure(new LoadAPIKeyError({ message: "no key" })).retryable).toBe(false);
  });

  it.each([
    [{ type: "overloaded_error", message: "Overloaded" }, true],
    [{ type: "rate_limit_error", message: "Slow" }, true],
    [{ type: "server_error", message: "Oops", code: null }, true],
    [{ type: "invalid_request_error", message: "Bad" }, false],
    [{ type: "authentication_error", message: "Who?" }, false],
    [{ message: "Gone", code: 503 }, true],
    [{ error: { message: "Nested", code: "invalid_api_key" } }, false],
    [{ message: "Judged", isRetryable: false }, false],
    ["a bare text", true],
    [null, true],
  ])("follows what a stream carried: %j", (carried, retryable) => {
    expect(failure(carried)).toMatchObject({ retryable, contextFull: false });
    expect(failure(carried).message).not.toContain("[object");
  });

  it.each([
    ['{"error":"model \'x\' not found"}', "Not Found: model 'x' not found"],
    ['{"detail":"no such route"}', "Not Found: no such route"],
    ["<html>", "Not Found"],
  ])("tells what the server wrote: %s", (responseBody, message) => {
    expect(failure(answered(404, "Not Found", { responseBody })).message).toBe(message);
  });

  it("leaves OmniForge's own errors as they are", () => {
    const own = new OmniForgeError("MODEL_PACKAGE_MISSING", "npm install it");
    expect(toModelFailure(own, noUsage, now)).toBe(own);
  });
});

describe("Retry-After", () => {
  it.each([
    [{ "retry-after": "7" }, 7000],
    [{ "retry-after": "1.5" }, 1500],
    [{ "retry-after": "Thu, 01 Jan 2026 00:01:00 GMT" }, 60_000],
    [{ "retry-after": "Wed, 31 Dec 2025 00:00:00 GMT" }, 0],
    [{ "retry-after": "7", "retry-after-ms": "250" }, 250],
    [{ "retry-after": "soon" }, undefined],
    [{ "retry-after": "" }, undefined],
    [{ "retry-after-ms": "" }, undefined],
    [{ "retry-after": "99999999999" }, 86_400_000],
    [{}, undefined],
    [undefined, undefined],
  ])("%j is %s ms", (headers, ms) => {
    expect(retryAfterMs(headers, undefined, now)).toBe(ms);
  });
});
