/** What models say and don't: each reply has a readable outcome, bounded memory, and ends. */
import { describe, expect, it } from "vitest";
import type { LanguageModel } from "../../packages/omniforge/src/models/language-model.ts";
import { act, beside } from "./beside.ts";
import { call, endless, finish, modelThat, said, streaming } from "./streams.ts";

const attempts = { modelTimeoutMs: 20_000, modelIdleTimeoutMs: 200 };

describe("a stream that never ends", () => {
  const long = "x".repeat(65_536);
  it.each([
    ["text", () => endless({ type: "text-delta", id: "t", delta: long }), /4000000 characters/],
    ["reasoning", () => endless({ type: "reasoning-delta", id: "r", delta: long }), /4000000 characters/],
    [
      "arguments",
      () => endless({ type: "tool-input-delta", id: "c", delta: long }),
      /characters of arguments/,
    ],
    ["empty texts", () => endless(...said("")), /10000 blocks/],
    ["calls", () => endless(call("act", "{}")), /4096 calls/],
    [
      "metadata",
      () => endless({ type: "text-start", id: "t", providerMetadata: { x: { y: long.repeat(20) } } }),
      /metadata/,
    ],
    ["what nobody knows", () => endless({ type: "raw", rawValue: 1 }), /500000 parts/],
  ])(
    "of %s is given up, recorded as failed attempts, and its connection closed",
    async (_what, parts, why) => {
      const { model, asked, closed } = streaming(parts);
      const before = process.memoryUsage().heapUsed;
      const { state, error, attempts: failed, bytes } = await beside({ model });
      expect([state, error]).toEqual(["failed", "MODEL_FAILED"]);
      expect(failed).toHaveLength(3);
      for (const { body } of failed) expect(body.error.message).toMatch(why);
      expect([asked(), closed()]).toEqual([3, 3]);
      expect(bytes).toBeLessThan(2_000_000);
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(300_000_000);
    },
  );
});

describe("a model that fails", () => {
  const untouchable = (): never => {
    // oxlint-disable-next-line only-throw-error -- what is no Error is what this is about
    throw new Proxy(
      {},
      {
        get: () => {
          throw new Error("no");
        },
        has: () => {
          throw new Error("no");
        },
        getPrototypeOf: () => {
          throw new Error("no");
        },
      },
    );
  };
  it.each<[string, LanguageModel, RegExp]>([
    [
      "by throwing at once",
      modelThat(() => {
        throw new Error("not today");
      }),
      /not today/,
    ],
    ["by throwing a text", modelThat(() => Promise.reject("out of order")), /out of order/],
    ["by throwing nothing", modelThat(() => Promise.reject(undefined)), /reported an error/],
    ["by throwing what can't be looked at", modelThat(untouchable), /can't be read/],
    ["by giving no stream", modelThat(() => Promise.resolve({} as never)), /./],
    ["by giving nothing", modelThat(() => Promise.resolve(undefined as never)), /./],
    ["by never answering", modelThat(() => new Promise(() => undefined)), /was silent/],
    ["by never yielding", modelThat(() => Promise.resolve({ stream: new ReadableStream() })), /was silent/],
    ["by streaming nothing", streaming(() => []).model, /before it was finished/],
    ["by streaming null", streaming(() => [null]).model, /./],
    [
      "by finishing without a usage",
      streaming(() => [{ type: "finish", finishReason: { unified: "stop" } }]).model,
      /./,
    ],
    [
      "in words of megabytes",
      modelThat(() => Promise.reject(new Error("x".repeat(5_000_000)))),
      /5000000 characters/,
    ],
  ])("%s costs its attempts, and the task says why", async (_how, model, why) => {
    const { state, error, attempts: failed, bytes } = await beside({ model, agent: attempts });
    expect([state, error]).toEqual(["failed", "MODEL_FAILED"]);
    expect(failed).toHaveLength(3);
    expect(failed[0]?.body.error.message).toMatch(why);
    expect(bytes).toBeLessThan(2_000_000);
  });
});

describe("a reply", () => {
  const answerAfter = (parts: readonly unknown[]) =>
    streaming((attempt) => (attempt === 0 ? [...parts, finish] : [...said("Corrected."), finish])).model;

  it("that goes on after its finish is what it was then, and its connection is closed", async () => {
    const { model, closed } = streaming(() =>
      (function* () {
        yield* said("Whole.");
        yield finish;
        yield* said("More.");
        yield call("act", "{}");
        yield* endless({ type: "raw", rawValue: 1 });
      })(),
    );
    const {
      state,
      text,
      attempts: failed,
    } = await beside({ model, agent: { modelRetry: { maximumAttempts: 1 } } });
    expect([state, text, failed, closed()]).toEqual(["completed", "Whole.", [], 1]);
  });

  it("that is whole counts though its stream never ends", async () => {
    const model = modelThat(() =>
      Promise.resolve({
        stream: new ReadableStream({
          start(controller) {
            for (const part of [...said("Whole."), finish]) controller.enqueue(part);
          },
        }),
      }),
    );
    const { state, text, attempts: failed } = await beside({ model, agent: attempts });
    expect([state, text, failed]).toEqual(["completed", "Whole.", []]);
  });

  it("with 5,000 calls is refused as a whole: nobody means that", async () => {
    const calls = Array.from({ length: 5_000 }, (_, n) => call("act", "{}", `c${n}`));
    const {
      state,
      text,
      attempts: failed,
    } = await beside({ model: answerAfter(calls), tools: [act(() => "x")] });
    expect([state, text, failed.map(({ body }) => body.error.code)]).toEqual([
      "completed",
      "Corrected.",
      ["MODEL_FAILED"],
    ]);
  });

  it("with 3,000 calls has 128 of them run, and an error for each of the others", async () => {
    let runs = 0;
    const calls = Array.from({ length: 3_000 }, (_, n) => call("act", "{}", `c${n}`));
    const { state, results } = await beside({
      model: answerAfter(calls),
      tools: [act(() => `run ${++runs}`)],
    });
    const codes = results.map(({ body }) => body.error?.code ?? body.status);
    expect([state, runs]).toEqual(["completed", 128]);
    expect(codes.filter((code) => code === "result")).toHaveLength(128);
    expect(codes.filter((code) => code === "LIMIT_REACHED")).toHaveLength(2_872);
  });

  it.each<[string, readonly unknown[], string, RegExp]>([
    [
      "10 MB of arguments",
      [call("act", JSON.stringify({ x: "y".repeat(10_000_000) }))],
      "INVALID_INPUT",
      /10000008 characters, and 1000000 are the limit/,
    ],
    [
      "arguments nested 10,000 levels deep",
      [call("act", "[".repeat(10_000) + "]".repeat(10_000))],
      "INVALID_INPUT",
      /deeper than 256 levels/,
    ],
    [
      "arguments with a member named __proto__",
      [call("act", '{"__proto__":{"admin":true}}')],
      "INVALID_INPUT",
      /__proto__/,
    ],
    [
      "half a character in its arguments",
      [call("act", '{"x":"\\ud83d"}')],
      "INVALID_INPUT",
      /lone surrogate.* at x/,
    ],
    ["arguments that are no JSON", [call("act", "{x:NaN}")], "INVALID_INPUT", /\{x:NaN\}/],
    ["arguments of the wrong type", [call("act", "[1]")], "INVALID_INPUT", /expected object/],
    ["arguments that are no text", [{ ...call("act", ""), input: 7 }], "INVALID_INPUT", /expected object/],
    ["a number too large for one", [call("act", '{"x":1e999}')], "INVALID_INPUT", /Infinity/],
    ["a tool that nobody knows", [call("delete_all", "{}")], "TOOL_NOT_FOUND", /there are: act/],
    ["an empty name", [call("", "{}")], "TOOL_NOT_FOUND", /there are: act/],
    ["no name at all", [{ ...call("act", "{}"), toolName: undefined }], "TOOL_NOT_FOUND", /there are: act/],
    ["a name of megabytes", [call("n".repeat(3_000_000), "{}")], "TOOL_NOT_FOUND", /there are: act/],
  ])("with %s is corrected by an error result", async (_what, parts, code, message) => {
    const { state, text, results, bytes } = await beside({
      model: answerAfter(parts),
      tools: [act(() => "never")],
    });
    expect([state, text]).toEqual(["completed", "Corrected."]);
    expect(results.map(({ body }) => [body.status, body.error?.code])).toEqual([["error", code]]);
    expect(results[0]?.body.error?.message).toMatch(message);
    expect(bytes).toBeLessThan(1_000_000);
  });

  it.each<[string, readonly unknown[]]>([
    ["whose calls have one id", [call("act", '{"n":1}', "same"), call("act", '{"n":2}', "same")]],
    [
      "whose calls have no id",
      [{ ...call("act", '{"n":1}'), toolCallId: undefined }, call("act", '{"n":2}', "")],
    ],
    [
      "whose calls have an id of megabytes",
      [call("act", '{"n":1}', "i".repeat(2_000_000)), call("act", '{"n":2}', "b")],
    ],
  ])("%s has each of them run", async (_what, parts) => {
    const seen: unknown[] = [];
    const tool = act((parameters) => {
      seen.push(parameters);
      return "done";
    });
    const { state, bytes } = await beside({ model: answerAfter(parts), tools: [tool] });
    expect([state, seen]).toEqual(["completed", [{ n: 1 }, { n: 2 }]]);
    expect(bytes).toBeLessThan(1_000_000);
  });

  it("with half characters, NULs and deltas that are no text is told as well as it can be", async () => {
    const parts = [
      { type: "text-start", id: "t" },
      ...["a\uD83D", "\uDE00b\uDE00", "\0", undefined, 7].map((delta) => ({
        type: "text-delta",
        id: "t",
        delta,
      })),
      finish,
    ];
    const { state, text } = await beside({ model: streaming(() => parts).model });
    expect([state, text]).toEqual(["completed", 'a😀b\uFFFD\0""7']);
  });
});
