import { entry, isKind, type Call, type Entry, type NewEntry } from "omniforge/protocol";
import { describe, expect, it } from "vitest";
import { isLastChild, waitedForPeople } from "../../packages/omniforge/src/steps/waited-time.ts";

type Turn = Parameters<typeof isLastChild>[0];

const agentCall = (index: number): Call => ({
  index,
  key: `1/tool/${index}`,
  name: "helper",
  runs: "agent",
  effects: "idempotent",
  timeoutMs: 1,
  child: `task.1.${index}`,
});
const toolCall = (index: number): Call => ({ ...agentCall(index), name: "step", runs: "tool" });

const noUsage = { inputTokens: 0, outputTokens: 0 };
const reply = (...calls: Call[]): NewEntry =>
  entry(
    "reply",
    { turn: 1, outcome: "calls", model: "m", parts: [], calls, took: [], usage: noUsage },
    "1/model/0",
  );
const opened = ({ child = "", key }: Call): NewEntry =>
  entry("child", { task: child, agent: "helper" }, key.replace("tool", "open"));
const result = ({ key, name }: Call): NewEntry => entry("result", { name, status: "result", parts: [] }, key);
const asks = ({ key }: Call): NewEntry => entry("request", { id: key, kind: "approval", key, prompt: "" });
const says = ({ key }: Call): NewEntry => entry("input", { id: key, outcome: "answered" });

/** A turn's entries, each with the second in which it was written. */
function turn(...written: readonly (readonly [second: number, one: NewEntry])[]): Turn {
  const entries: Entry[] = written.map(([second, one], seq) => ({ ...one, v: 1, seq, at: second * 1_000 }));
  return { entries, reply: entries.find(isKind("reply")) };
}

/** A sub-agent that has ended: when, and for how many seconds it worked. */
const child = (endedAt: number, worked: number): { updatedAt: number; activeMs: number } => ({
  updatedAt: endedAt * 1_000,
  activeMs: worked * 1_000,
});

const [one, other, tool] = [agentCall(0), agentCall(1), toolCall(2)];

describe("what a turn waited for people whom its sub-agents asked", () => {
  it("is all that a lone sub-agent did not work", () => {
    expect(waitedForPeople(turn([0, reply(one)], [1, opened(one)]), [child(101, 10)])).toBe(90_000);
  });

  it("is nothing where nobody waited", () => {
    expect(waitedForPeople(turn([0, reply(one)], [1, opened(one)]), [child(11, 10)])).toBe(0);
  });

  it("does not count how late an end was noticed", () => {
    const view = turn([0, reply(one)], [1, opened(one)], [500, entry("recovery", { steps: [] })]);
    expect(waitedForPeople(view, [child(11, 10)])).toBe(0);
  });

  it("is never more than was waited where one worked while another waited", () => {
    const view = turn([0, reply(one, other)], [0, opened(one)], [0, opened(other)], [60, result(one)]);
    // One worked 50 of its 60 seconds, the other 10 of its 100: both waited for at least 40.
    expect(waitedForPeople(view, [child(60, 50), child(100, 10)])).toBe(40_000);
  });

  it("leaves out the time in which a tool of the task ran", () => {
    const view = turn([0, reply(one, tool)], [0, opened(one)], [30, result(tool)]);
    expect(waitedForPeople(view, [child(100, 10)])).toBe(60_000);
  });

  it("leaves out the time in which the task waited for a person itself: its clock stood still", () => {
    const view = turn(
      [0, reply(one, tool)],
      [0, asks(tool)],
      [0, opened(one)],
      [50, says(tool)],
      [60, result(tool)],
    );
    expect(waitedForPeople(view, [child(100, 10)])).toBe(30_000);
  });

  it("is told by the last sub-agent that is collected", () => {
    const entries = [
      [0, reply(one, other)],
      [0, opened(one)],
      [0, opened(other)],
    ] as const;
    expect(isLastChild(turn(...entries), one)).toBe(false);
    expect(isLastChild(turn(...entries, [9, result(other)]), one)).toBe(true);
  });
});
