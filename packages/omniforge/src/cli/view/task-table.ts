/** Tasks in a table. */
import type { Task } from "../../protocol/task.ts";
import { durationText, tokensText } from "./call-text.ts";
import type { Screen, Style } from "./screen.ts";
import { shortId } from "./short-id.ts";
import { showTable } from "./table.ts";

export interface TaskLine {
  readonly task: Task;
  /** What was asked for. */
  readonly text: string;
}

/** The state stands first after the id: it is what people look for. */
export function taskTable(screen: Screen, lines: readonly TaskLine[], now: number): void {
  if (lines.length === 0) return screen.line(["There are no tasks here yet."]);
  const cells = lines.map(({ task, text }) => [
    shortId(task.task),
    task.state,
    task.agent,
    `${durationText(Math.max(0, now - task.createdAt))} ago`,
    tokensText(task.usage),
    text,
  ]);
  const titles = ["ID", "STATE", "AGENT", "STARTED", "USED", "TASK"];
  showTable(screen, titles, cells, (text, column) => (column === 1 ? stateStyle(text) : undefined));
}

function stateStyle(state: string): Style | undefined {
  if (state === "completed") return "green";
  if (state === "input-required" || state === "auth-required") return "yellow";
  return state === "failed" || state === "rejected" || state === "canceled" ? "red" : undefined;
}
