/** Rows in columns, under their titles. */
import type { Screen, Span, Style } from "./screen.ts";
import { widthOf } from "./text-width.ts";

/** The last column is cut where a terminal ends; the others are as wide as they need to be. */
export function showTable(
  screen: Screen,
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  styleOf: (text: string, column: number) => Style | undefined = () => undefined,
): void {
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => widthOf(row[column] ?? ""))),
  );
  const pad = (text: string, column: number): string =>
    column === titles.length - 1
      ? text
      : `${text}${" ".repeat(Math.max(0, (widths[column] ?? 0) - widthOf(text)))}  `;
  screen.line(titles.map((title, column): Span => ({ text: pad(title, column), style: "dim" })));
  for (const row of rows)
    screen.line(row.map((text, column) => toSpan(pad(text, column), styleOf(text, column))));
}

function toSpan(text: string, style: Style | undefined): Span {
  return style === undefined ? text : { text, style };
}
