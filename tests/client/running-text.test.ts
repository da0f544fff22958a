import { RunningText } from "omniforge/client";
import { entry, type Entry, type NewEntry, type TaskEvent } from "omniforge/protocol";
import { describe, expect, it } from "vitest";

const task = "task_1";
let seq = 0;

const logged = (one: NewEntry): TaskEvent => ({
  type: "entry",
  task,
  entry: { ...one, v: 1, seq: ++seq, at: 0 } as Entry,
});
const said = (key: string, attempt: string, offset: number, text: string): TaskEvent => ({
  type: "delta",
  task,
  key,
  attempt,
  channel: "text",
  offset,
  text,
});

describe("the running text of a step", () => {
  it("is void once its process was found dead, and begins anew with the next attempt", () => {
    const running = new RunningText();
    running.take(said("2/model/0", "a", 0, "half a sen"));
    running.take(said("1/tool/0", "b", 0, "another step's"));
    running.take(logged(entry("recovery", { steps: ["2/model/0"] })));
    expect(running.of(task)).toBe("another step's");
    // What a process that was only paused goes on to say belongs to nothing.
    expect(running.take(said("2/model/0", "a", 10, "tence"))).toBe(false);
    expect(running.take({ type: "reset", task, key: "2/model/0", attempt: "c" })).toBe(true);
    running.take(said("2/model/0", "c", 0, "whole"));
    expect(running.of(task)).toBe("another step'swhole");
  });
});
