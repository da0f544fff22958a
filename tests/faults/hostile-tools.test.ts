/** What tools throw and return: each has a readable outcome, and the task goes on. */
import { InputRequired } from "omniforge";
import type { Json } from "omniforge/protocol";
import { describe, expect, it } from "vitest";
import { act, beside } from "./beside.ts";

const throws = (thrown: () => unknown) =>
  act(() => {
    throw thrown();
  });

const untouchable = (): unknown =>
  new Proxy(
    {},
    Object.fromEntries(
      ["get", "has", "getPrototypeOf", "ownKeys", "getOwnPropertyDescriptor"].map((trap) => [
        trap,
        () => {
          throw new Error("not to be looked at");
        },
      ]),
    ),
  );

class Explosive extends Error {
  override get message(): string {
    throw new Error("boom");
  }
}

/** The types say Json; a program in JavaScript says what it likes. */
const returns = (output: () => unknown) => act(() => output() as Json);

function nested(levels: number): Json {
  let value: Json = 0;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

describe("a tool that throws", () => {
  it.each<[string, () => unknown, RegExp]>([
    ["nothing", () => undefined, /not an Error/],
    ["null", () => null, /not an Error/],
    ["a text", () => "out of paper", /^out of paper$/],
    ["half a character", () => new Error("x\uD83D"), /^x\uFFFD$/],
    ["a symbol", () => Symbol("x"), /not an Error/],
    ["an object without a prototype", () => Object.create(null) as unknown, /not an Error/],
    ["a proxy whose every trap throws", untouchable, /not an Error/],
    ["an error whose message throws", () => new Explosive(), /not an Error/],
    [
      "an error whose text is long",
      () => new Error("x".repeat(50_000_000)),
      /^x{10000}… \(50000000 characters\)$/,
    ],
    ["a question without a prompt", () => new InputRequired(undefined as unknown as string), /wrong prompt/],
    ["a question of megabytes", () => new InputRequired("?".repeat(2_000_000)), /wrong prompt/],
    [
      "a question with a schema of megabytes",
      () => new InputRequired("?", { enum: ["x".repeat(2_000_000)] }),
      /wrong schema/,
    ],
  ])("%s has failed, and says so", async (_what, thrown, message) => {
    const { state, results, bytes } = await beside({ tools: [throws(thrown)] });
    expect(state).toBe("completed");
    expect(results.map(({ body }) => [body.status, body.error?.code])).toEqual([["error", "TOOL_FAILED"]]);
    expect(results[0]?.body.error?.message).toMatch(message);
    expect(bytes).toBeLessThan(2_000_000);
  });
});

describe("a tool that returns what is not JSON", () => {
  it.each<[string, () => unknown, RegExp]>([
    ["NaN", () => ({ rate: Number.NaN }), /NaN as rate/],
    ["Infinity", () => [Number.POSITIVE_INFINITY], /Infinity as 0/],
    ["a function", () => () => "x", /a function/],
    ["a symbol", () => Symbol("x"), /a symbol/],
    ["a bigint", () => 1n, /BigInt/],
    [
      "a circle",
      () => {
        const circle: Record<string, unknown> = {};
        circle["self"] = circle;
        return circle;
      },
      /circular/i,
    ],
    ["10,000 levels", () => nested(10_000), /call stack|levels/],
    ["300 levels", () => nested(300), /deeper than 256 levels/],
    ["half a character in a value", () => ({ text: "\uD83D" }), /lone surrogate/],
    ["a proxy whose every trap throws", untouchable, /not to be looked at/],
    [
      "an object whose getter throws",
      () => ({
        get x() {
          throw new Error("no x");
        },
      }),
      /no x/,
    ],
    [
      "1,001 parts",
      () => ({ parts: Array.from({ length: 1_001 }, () => ({ type: "text", text: "x" })) }),
      /1001 parts/,
    ],
  ])("%s has failed, and says why", async (_what, output, message) => {
    const { state, results } = await beside({ tools: [returns(output)] });
    expect(state).toBe("completed");
    expect(results.map(({ body }) => [body.status, body.error?.code])).toEqual([["error", "TOOL_FAILED"]]);
    expect(results[0]?.body.error?.message).toMatch(message);
  });
});

describe("a tool that returns what is JSON, if odd", () => {
  it.each<[string, () => unknown, string]>([
    ["nothing", () => undefined, "null"],
    ["-0", () => -0, "0"],
    ["256 levels", () => nested(256), JSON.stringify(nested(256))],
    ["half a character as text", () => "x\uD83D", "x\uFFFD"],
    ["a NUL", () => "a\0b", "a\0b"],
    ["a member named __proto__", () => JSON.parse('{"__proto__":{"x":1},"y":2}') as unknown, '{"y":2}'],
    ["a date", () => new Date(0), "1970-01-01T00:00:00.000Z"],
    [
      "parts that only a model says",
      () => ({ parts: [{ type: "reasoning", text: "hm", model: "x" }] }),
      '{"parts":[{"type":"reasoning","text":"hm","model":"x"}]}',
    ],
  ])("%s is told as it is stored", async (_what, output, told) => {
    const { state, text, results } = await beside({ tools: [returns(output)] });
    expect([state, results[0]?.body.status, text]).toEqual(["completed", "result", told]);
  });
});
