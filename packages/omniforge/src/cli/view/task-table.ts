/** Tasks in a table. */
import type { Task } from "../../protocol/task.ts";
import { durationText, tokensText } from "./call-text.ts";
import type { Screen, Span, Style } from "./screen.ts";
import { shortId } from "./short-id.ts";

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
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const pad = (text: string, column: number): string =>
    column === titles.length - 1 ? text : `${text.padEnd(widths[column] ?? 0)}  `;
  screen.line(titles.map((title, column): Span => ({ text: pad(title, column), style: "dim" })));
  for (const row of cells)
    screen.line(
      row.map((text, column) => toSpan(pad(text, column), column === 1 ? stateStyle(text) : undefined)),
    );
}

function toSpan(text: string, style: Style | undefined): Span {
  return style === undefined ? text : { text, style };
}

function stateStyle(state: string): Style | undefined {
  if (state === "completed") return "green";
  if (state === "input-required" || state === "auth-required") return "yellow";
  return state === "failed" || state === "rejected" || state === "canceled" ? "red" : undefined;
}
