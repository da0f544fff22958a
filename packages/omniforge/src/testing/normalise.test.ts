import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entry, type Entry, type NewEntry } from "../protocol/entry.ts";
import { json, type Json } from "../protocol/json.ts";
import { noUsage, userMessage, type Part } from "../protocol/message.ts";
import { stepKey } from "../protocol/step-key.ts";
import { readEntry } from "../protocol/upcast.ts";
import { normalise } from "./normalise.ts";

const root = "task_0194c1";

/** A log as steps write them: turns of calls, some asked for, some claimed, with messages and retries in between. */
interface Plan {
  readonly turns: readonly {
    readonly calls: readonly CallPlan[];
    readonly message: boolean;
    readonly order: readonly number[];
  }[];
}

interface CallPlan {
  readonly shape: "plain" | "asked" | "claimed" | "child";
  readonly text: string;
}

const callPlan: fc.Arbitrary<CallPlan> = fc.record({
  shape: fc.constantFrom("plain", "asked", "claimed", "child"),
  text: fc.string({ maxLength: 8 }),
});

const turnPlan = fc.record({
  calls: fc.array(callPlan, { maxLength: 4 }),
  message: fc.boolean(),
  order: fc.array(fc.nat({ max: 7 }), { maxLength: 16 }),
});

const plans: fc.Arbitrary<Plan> = fc.record({ turns: fc.array(turnPlan, { minLength: 1, maxLength: 4 }) });

const text = (value: string): Part[] => [{ type: "text", text: value }];

function ofCall(turn: number, index: number, { shape, text: said }: CallPlan, id: string): NewEntry[] {
  const key = stepKey(turn, "tool", index);
  const result = entry("result", { name: "tool", status: "result", parts: text(said), durationMs: 3 }, key);
  switch (shape) {
    case "plain":
      return [result];
    case "asked":
      return [
        entry("request", { id: key, kind: "approval", key, prompt: "Allow?", deadline: 9 }),
        entry("input", { id: key, outcome: "answered", answer: { decision: "approve" } }),
        result,
      ];
    case "claimed":
      return [entry("claim", { nonce: `${said} drawn` }, stepKey(turn, "claim", index)), result];
    case "child":
      return [
        entry("child", { task: `${id}.${turn}.${index}`, agent: "sub" }, stepKey(turn, "open", index)),
        result,
      ];
  }
}

/** Weaves the calls' entries into each other: which call goes on next is drawn, each call keeps its own order. */
function weave(calls: readonly (readonly NewEntry[])[], order: readonly number[]): NewEntry[] {
  const left = calls.map((one) => [...one]).filter((one) => one.length > 0);
  const woven: NewEntry[] = [];
  for (let at = 0; left.length > 0; at++) {
    const chosen = (order[at % Math.max(1, order.length)] ?? 0) % left.length;
    const next = left[chosen]?.shift();
    if (next !== undefined) woven.push(next);
    if (left[chosen]?.length === 0) left.splice(chosen, 1);
  }
  return woven;
}

interface Differences {
  readonly id: string;
  readonly at: number;
  readonly order?: readonly number[];
  /** Where a retry or a recovery stands in between. */
  readonly between?: readonly number[];
}

function toLog({ turns }: Plan, differ: Differences): Entry[] {
  const { id } = differ;
  const limits = { turns: 9, atLimit: "fail" as const, depth: 1, children: 4 };
  const entries: NewEntry[] = [
    entry("created", { agent: "main", specHash: "h", loopVersion: 1, limits, root: id, depth: 0 }),
    entry("message", { id: "first", message: userMessage("go") }),
  ];
  for (const [position, { calls, message, order }] of turns.entries()) {
    const turn = position + 1;
    const child = (index: number): { child?: string } =>
      calls[index]?.shape === "child" ? { child: `${id}.${turn}.${index}` } : {};
    const planned = calls.map((_, index) => ({
      index,
      key: stepKey(turn, "tool", index),
      name: "tool",
      runs: "tool" as const,
      effects: "none" as const,
      timeoutMs: 5,
      ...child(index),
    }));
    const parts = text(`turn ${turn}`);
    entries.push(
      entry(
        "reply",
        { turn, outcome: "calls", model: "m", parts, calls: planned, took: [], usage: noUsage },
        stepKey(turn, "model", 0),
      ),
    );
    entries.push(
      ...weave(
        calls.map((one, index) => ofCall(turn, index, one, id)),
        differ.order ?? order,
      ),
    );
    if (message) entries.push(entry("message", { id: `m${turn}`, message: userMessage("more") }));
  }
  entries.push(
    entry("ended", {
      state: "failed",
      parts: [],
      error: { code: "X", message: `the sub-agent's task ${id}.1.0 failed` },
    }),
  );
  for (const at of differ.between ?? []) {
    const dropped =
      at % 2 === 0
        ? entry("attempt", { step: "1/tool/0", error: { code: "X", message: "" }, retryAt: at })
        : entry("recovery", { steps: ["1/tool/0"] });
    entries.splice(2 + (at % (entries.length - 2)), 0, dropped);
  }
  return entries.map((one, position) => ({
    ...drawnAgain(one, differ.at),
    v: 1,
    seq: position + 1,
    at: differ.at + position,
  }));
}

/** The same entry of another execution: other times, other nonces. */
function drawnAgain(one: NewEntry, at: number): NewEntry {
  switch (one.kind) {
    case "claim":
      return { ...one, body: { nonce: `nonce ${at}` } };
    case "request":
      return { ...one, body: { ...one.body, deadline: at } };
    case "result":
      return { ...one, body: { ...one.body, durationMs: at } };
    default:
      return one;
  }
}

const original = (plan: Plan): Entry[] => toLog(plan, { id: root, at: 1 });
const equal = (one: readonly Entry[], other: readonly Entry[]): boolean =>
  JSON.stringify(normalise(one)) === JSON.stringify(normalise(other));

/** Entries of the same stretch of calls may stand in any order; all others may not. */
function inOneFanOut(log: readonly Entry[], one: number, other: number): boolean {
  const between = log.slice(Math.min(one, other), Math.max(one, other) + 1);
  return between.every(
    ({ kind }) => kind !== "reply" && kind !== "message" && kind !== "created" && kind !== "ended",
  );
}

/** Every leaf of a body that counts, as a path. */
function leaves(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([name, member]) => leaves(member, [...path, name]));
}

const uncounted = new Set(["deadline", "durationMs", "nonce", "root"]);

function changedAt(value: Json, [name, ...rest]: readonly string[]): Json {
  if (name === undefined) {
    if (typeof value === "number") return value + 1;
    if (typeof value === "boolean") return !value;
    return typeof value === "string" ? `${value}?` : "something";
  }
  if (Array.isArray(value))
    return value.map((member, at) => (String(at) === name ? changedAt(member, rest) : member));
  if (typeof value !== "object" || value === null) return value;
  return { ...value, [name]: changedAt(value[name] ?? null, rest) };
}

/** The log with one leaf of one body changed; undefined where that would not be an entry any more. */
function withChange(log: readonly Entry[], pick: number): readonly Entry[] | undefined {
  const places = log.flatMap((one, at) =>
    leaves(one.body)
      .filter((path) => !uncounted.has(path[0] ?? ""))
      .map((path) => ({ at, path })),
  );
  const place = places[pick % places.length];
  const chosen = place && log[place.at];
  if (place === undefined || chosen === undefined) return undefined;
  const { v, seq, at, kind, key = null } = chosen;
  const body = json.parse(JSON.parse(JSON.stringify(chosen.body)));
  try {
    return log.with(
      place.at,
      readEntry({ v, seq, at, kind, key, body: JSON.stringify(changedAt(body, place.path)) }),
    );
  } catch {
    return undefined;
  }
}

const numbered = (log: readonly Entry[]): Entry[] => log.map((one, at) => ({ ...one, seq: at + 1 }));

describe("normalise", () => {
  it("finds logs equal that differ in times, attempts, recoveries, nonces, ids and the order within a fan-out only", () => {
    const differences = fc.record({
      id: fc.constantFrom("task_77", "order-12.a", "task_0194c1f"),
      at: fc.integer({ min: 2, max: 1e12 }),
      order: fc.array(fc.nat({ max: 7 }), { maxLength: 16 }),
      between: fc.array(fc.nat({ max: 40 }), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(plans, differences, (plan, differ) => {
        expect(equal(original(plan), toLog(plan, differ))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("tells a log from one that lacks an entry", () => {
    fc.assert(
      fc.property(plans, fc.nat(), (plan, pick) => {
        const log = original(plan);
        expect(equal(log, numbered(log.toSpliced(pick % log.length, 1)))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("tells a log from one that has an entry twice", () => {
    fc.assert(
      fc.property(plans, fc.nat(), fc.nat(), (plan, pick, place) => {
        const log = original(plan);
        const doubled = log[pick % log.length];
        if (doubled === undefined) throw new Error("the log is empty");
        expect(equal(log, numbered(log.toSpliced(place % log.length, 0, doubled)))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("tells a log from one with two entries swapped, beyond one fan-out and within one call", () => {
    fc.assert(
      fc.property(plans, fc.nat(), fc.nat(), (plan, first, second) => {
        const log = original(plan);
        const [at, to] = [first % log.length, second % log.length];
        const [one, other] = [log[at], log[to]];
        fc.pre(one !== undefined && other !== undefined && at !== to && !inOneFanOut(log, at, to));
        if (one === undefined || other === undefined) return;
        expect(equal(log, numbered(log.with(at, other).with(to, one)))).toBe(false);
      }),
      { numRuns: 300 },
    );
    const plan: Plan = { turns: [{ calls: [{ shape: "claimed", text: "a" }], message: false, order: [] }] };
    const log = original(plan);
    const [claim, result] = [log[3], log[4]];
    if (claim === undefined || result === undefined) throw new Error("the log has no claim");
    expect(equal(log, numbered(log.with(3, result).with(4, claim)))).toBe(false);
  });

  it("tells a log from one with any field of a body changed", () => {
    fc.assert(
      fc.property(plans, fc.nat(), (plan, pick) => {
        const log = original(plan);
        const changed = withChange(log, pick);
        fc.pre(changed !== undefined);
        expect(equal(log, changed ?? log)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it("tells a log from one with another key, kind or version", () => {
    const log = original({ turns: [{ calls: [{ shape: "plain", text: "a" }], message: false, order: [] }] });
    const result = log[3];
    if (result?.kind !== "result") throw new Error("the log has no result");
    expect(equal(log, log.with(3, { ...result, key: "1/tool/1" }))).toBe(false);
    expect(equal(log, log.with(3, { ...result, v: 2 }))).toBe(false);
    expect(equal(log, log.with(3, { ...result, kind: "claim", body: { nonce: "n" } }))).toBe(false);
  });

  it("keeps a message between two results where it is", () => {
    const log = original({
      turns: [
        {
          calls: [
            { shape: "plain", text: "a" },
            { shape: "plain", text: "b" },
          ],
          message: true,
          order: [],
        },
      ],
    });
    const kinds = (entries: readonly Entry[]): string[] =>
      normalise(entries).map(({ kind, key }) => key ?? kind);
    const [first, second, message] = [log[3], log[4], log[5]];
    if (first === undefined || second === undefined || message === undefined)
      throw new Error("the log is too short");
    expect(kinds(log.with(3, second).with(4, message).with(5, first))).toEqual([
      "created",
      "message",
      "1/model/0",
      "1/tool/1",
      "message",
      "1/tool/0",
      "ended",
    ]);
  });

  it("does not take an id for a part of a longer word", () => {
    const log = toLog(
      { turns: [{ calls: [{ shape: "plain", text: "a task, a-b and ta.a" }], message: false, order: [] }] },
      { id: "a", at: 1 },
    );
    expect(JSON.stringify(normalise(log)[3]?.body)).toContain("task task, a-b and ta.a");
  });
});
