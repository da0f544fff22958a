/** A task for programs: one line of JSON for each event, and a last one of type `task`. */
import { visible, jsonLine } from "./visible.ts";
import type { TaskView } from "./view.ts";

/** Writes lines; notes go to `note`, since they are for people. */
export function createJsonView(write: (line: string) => void, note: (line: string) => void): TaskView {
  const line = (value: unknown): void => write(`${jsonLine(value)}\n`);
  return {
    event: line,
    request: () => undefined,
    said: () => undefined,
    waiting: (task, open, advice) => line({ type: "task", task, waiting: open, ...advice }),
    ended: (task) => line({ type: "task", task, waiting: [] }),
    note: (text) => note(`${visible(text)}\n`),
  };
}
