import { describe, expect, it } from "vitest";
import { entry, type EntryBody, type NewEntry } from "../../protocol/entry.ts";
import type { TaskEvent } from "../../protocol/event.ts";
import { noUsage } from "../../protocol/message.ts";
import type { Output } from "./output.ts";
import { createScreen } from "./screen.ts";
import { widthOf } from "./text-width.ts";
import { createTranscript, type TranscriptOptions } from "./transcript.ts";

const limits = { turns: 9, atLimit: "fail" as const, depth: 1, children: 1 };

/** What is on the screen after these events: escapes obeyed as a terminal does, as far as we use them. */
function shown(
  events: readonly TaskEvent[],
  options: TranscriptOptions & { live?: boolean; columns?: number } = {},
): string {
  let written = "";
  const { live = true, columns = live ? 60 : Number.POSITIVE_INFINITY } = options;
  const output: Output = {
    live,
    columns,
    gone: new AbortController().signal,
    write: (text) => (written += text),
  };
  const view = createTranscript(createScreen(output), options);
  for (const event of events) view.event(event);
  return (
    written
      .split("\n")
      .map((line) => line.split("\r\u001b[2K").at(-1) ?? "")
      .join("\n")
      // oxlint-disable-next-line no-control-regex -- colours, as a terminal takes them away
      .replaceAll(/\u001b\[\d+m/g, "")
  );
}

let seq = 0;
function logged(one: NewEntry, task = "t", at = 100): TaskEvent {
  return { type: "entry", task, entry: { ...one, v: 1, seq: ++seq, at } };
}

function created(agent = "assistant", parent?: { task: string; key: string }): NewEntry {
  return entry("created", {
    agent,
    specHash: "",
    loopVersion: 1,
    limits,
    root: "t",
    depth: parent ? 1 : 0,
    ...(parent && { parent }),
  });
}

function reply(
  text: string,
  calls: readonly { name: string; given: Record<string, string> }[] = [],
  turn = 1,
): NewEntry {
  const parts: EntryBody<"reply">["parts"] = [
    { type: "text", text },
    ...calls.map(({ name, given }, index) => ({
      type: "tool-call" as const,
      index,
      callId: "",
      name,
      arguments: given,
    })),
  ];
  const descriptors = calls.map(({ name }, index) => ({
    index,
    key: `${turn}/tool/${index}`,
    name,
    runs: "tool" as const,
    effects: "none" as const,
    timeoutMs: 1,
  }));
  const outcome = calls.length > 0 ? "calls" : "answer";
  return entry(
    "reply",
    { turn, outcome, model: "m", parts, calls: descriptors, took: [], usage: noUsage },
    `${turn}/model/0`,
  );
}

function result(text: string, key = "1/tool/0"): NewEntry {
  return entry(
    "result",
    { name: "grep", status: "result", parts: [{ type: "text", text }], durationMs: 12 },
    key,
  );
}

function delta(
  text: string,
  offset: number,
  options: { attempt?: string; task?: string; key?: string; channel?: "text" | "progress" } = {},
): TaskEvent {
  const { attempt = "a", task = "t", key = "1/model/0", channel = "text" } = options;
  return { type: "delta", task, key, attempt, channel, offset, text };
}

const reset = (attempt: string): TaskEvent => ({ type: "reset", task: "t", key: "1/model/0", attempt });

describe("a model's text", () => {
  it("is shown once, streamed on a terminal and whole in a pipe", () => {
    const events = [
      logged(created()),
      reset("a"),
      delta("Hello ", 0),
      delta("there.", 6),
      logged(reply("Hello there.")),
    ];
    expect(shown(events)).toBe("\nHello there.\n");
    expect(shown(events, { live: false })).toBe("\nHello there.\n");
  });

  it("begins on a fresh line when its first attempt broke off", () => {
    const events = [
      logged(created()),
      delta("Hello th", 0),
      reset("b"),
      delta("Good ", 0, { attempt: "b" }),
      delta("day.", 5, { attempt: "b" }),
      logged(reply("Good day.")),
    ];
    expect(shown(events)).toBe("\nHello th\n↻ that reply broke off; the model is asked again\n\nGood day.\n");
    expect(shown(events, { live: false })).toBe("\nGood day.\n");
  });

  it("is shown whole when a piece of it was lost", () => {
    const events = [logged(created()), delta("Hello ", 0), delta("re.", 9), logged(reply("Hello there."))];
    expect(shown(events)).toBe("\nHello\n\nHello there.\n");
    expect(shown([logged(created()), delta("there.", 6), logged(reply("Hello there."))])).toBe(
      "\nHello there.\n",
    );
  });

  it("makes way for a sub-agent's line, and goes on below it", () => {
    const child = { task: "t.1.0", key: "1/tool/0" };
    const events = [
      logged(created()),
      logged(created("helper", { task: "t", key: "1/tool/0" }), child.task),
      delta("One ", 0),
      logged(result("x"), child.task),
      delta("two.", 4),
      logged(reply("One two.")),
    ];
    expect(shown(events)).toBe("↳ helper\n".padStart(11) + "\nOne\n      ✓ grep · x · 12 ms\ntwo.\n");
  });

  it("of two that speak at once is streamed for the first, and whole for the other", () => {
    const events = [
      logged(created()),
      logged(created("one", { task: "t", key: "1/tool/0" }), "t.1.0"),
      logged(created("two", { task: "t", key: "1/tool/1" }), "t.1.1"),
      delta("first ", 0, { task: "t.1.0" }),
      delta("second", 0, { task: "t.1.1" }),
      delta("done", 6, { task: "t.1.0" }),
      logged(reply("first done"), "t.1.0"),
      logged(reply("second"), "t.1.1"),
    ];
    expect(
      shown(events)
        .split("\n")
        .filter((line) => line !== ""),
    ).toEqual(["  ↳ one", "  ↳ two", "    first done", "    second"]);
  });
});

describe("the last line of a terminal", () => {
  it("says what is being done, and is gone when there is something to say", () => {
    const call = { name: "grep", given: { pattern: "x" } };
    const events: TaskEvent[] = [logged(created()), reset("a")];
    expect(shown(events)).toBe("… thinking");
    events.push(logged(reply("Looking.", [call])));
    expect(shown(events)).toBe("\nLooking.\n… grep");
    events.push(delta("half of it", 0, { key: "1/tool/0", channel: "progress" }));
    expect(shown(events)).toBe("\nLooking.\n… grep: half of it");
    events.push(logged(result("a")));
    expect(shown(events)).toBe("\nLooking.\n  ✓ grep x · a · 12 ms\n");
    expect(shown(events, { live: false })).toBe("\nLooking.\n  ✓ grep x · a · 12 ms\n");
  });
});

describe("a call", () => {
  const call = { name: "grep", given: { pattern: "x".repeat(100), files: "**/*.ts" } };

  it("is one line that fits, with room for what came of it", () => {
    const lines = shown([
      logged(created()),
      logged(reply("", [call])),
      logged(result("a\nb\n(7 lines in 2 files)")),
    ]).split("\n");
    const line = lines.find((one) => one.includes("grep")) ?? "";
    expect(line).toMatch(/^ {2}✓ grep x+… · 7 lines in 2 files · 12 ms$/);
    expect(widthOf(line)).toBeLessThanOrEqual(60);
  });

  it("that was finished before this process began is marked as reused", () => {
    const events = [
      logged(created(), "t", 1),
      logged(reply("Looking.", [call]), "t", 2),
      logged(result("a", "1/tool/0"), "t", 3),
    ];
    expect(shown(events, { reusedBefore: 50, columns: 200 })).toMatch(
      /^ {2}✓ reused Looking\.\n {2}✓ reused grep x+… files=\*\*\/\*\.ts · a\n$/,
    );
  });

  it("names the steps during which a process was killed", () => {
    const events = [
      logged(created()),
      logged(reply("", [call])),
      logged(entry("recovery", { steps: ["1/tool/0", "2/model/0"] })),
    ];
    expect(shown(events)).toContain("↻ the process that ran this was killed during grep, a mod");
  });
});
