/**
 * What is being said just now, put together from a task's events: the text of running steps, without anything that was
 * superseded. A finished message is an entry of the log; what its step had streamed is then void.
 */
import type { TaskEvent } from "../protocol/event.ts";

type Channel = Extract<TaskEvent, { type: "delta" }>["channel"];

interface Said {
  readonly attempt: string;
  readonly channels: Map<Channel, string>;
}

export class RunningText {
  /** By task, then by step. */
  readonly #tasks = new Map<string, Map<string, Said>>();

  /** Takes in the next event; false where it says nothing new: a piece that is torn, or was taken before. */
  take(event: TaskEvent): boolean {
    const steps = this.#tasks.get(event.task) ?? new Map<string, Said>();
    this.#tasks.set(event.task, steps);
    switch (event.type) {
      case "reset":
        steps.set(event.key, { attempt: event.attempt, channels: new Map() });
        return true;
      case "entry": {
        const { kind, key } = event.entry;
        if (kind === "ended") this.#tasks.delete(event.task);
        // A reply ends its turn's text, and an attempt that failed will say nothing more.
        else if (kind === "attempt") steps.delete(event.entry.body.step);
        // Nor will one whose process has died: another may have spoken, and been recorded, before this is heard.
        else if (kind === "recovery") for (const step of event.entry.body.steps) steps.delete(step);
        else if (key !== undefined) steps.delete(key);
        return true;
      }
      case "delta":
        return append(steps, event);
    }
  }

  /** What a task's running steps have said in a channel, in the order in which they began. */
  of(task: string, channel: Channel = "text"): string {
    return [...(this.#tasks.get(task)?.values() ?? [])]
      .map(({ channels }) => channels.get(channel) ?? "")
      .join("");
  }
}

function append(steps: Map<string, Said>, delta: Extract<TaskEvent, { type: "delta" }>): boolean {
  const { key, attempt, channel, offset, text } = delta;
  let said = steps.get(key);
  if (said?.attempt !== attempt) {
    if (offset !== 0) return false;
    said = { attempt, channels: new Map() };
    steps.set(key, said);
  }
  const before = said.channels.get(channel) ?? "";
  if (offset !== before.length) return false;
  said.channels.set(channel, before + text);
  return true;
}
