/** A person at a client: what they have before their eyes, which must in the end be what the log says. */
import type { Entry, TaskEvent } from "omniforge/protocol";
import { textOf } from "omniforge/protocol";
import { RunningText } from "omniforge/client";

export interface Reader {
  read(event: TaskEvent): void;
  /** The finished replies' text, and after it what is being said. */
  text(): string;
  readonly entries: readonly Entry[];
  /** What could not be: an entry twice, out of order or left out; running text that the finished one does not begin with. */
  readonly wrong: readonly string[];
}

export function reader(task: string): Reader {
  const entries: Entry[] = [];
  const wrong: string[] = [];
  const running = new RunningText();
  let finished = "";
  return {
    entries,
    wrong,
    text: () => finished + running.of(task),
    read(event) {
      if (event.type === "entry") {
        const { entry } = event;
        const expected = (entries.at(-1)?.seq ?? 0) + 1;
        if (entry.seq !== expected) wrong.push(`entry ${entry.seq} where ${expected} was to come`);
        entries.push(entry);
        if (entry.kind === "reply") {
          const text = textOf(entry.body.parts);
          if (!text.startsWith(running.of(task))) wrong.push(`superseded text before entry ${entry.seq}`);
          finished += text;
        }
      }
      const before = running.of(task);
      if (!running.take(event)) wrong.push(`a piece that does not fit after ${JSON.stringify(before)}`);
    },
  };
}

/** The text of the log itself. */
export function textOfLog(log: readonly Entry[]): string {
  return log.flatMap((entry) => (entry.kind === "reply" ? [textOf(entry.body.parts)] : [])).join("");
}
