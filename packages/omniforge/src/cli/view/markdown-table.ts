/** A Markdown table, its columns aligned, within the columns that there are. Nothing is cut: what is too wide goes on below. */
import { bold, withoutMarks } from "./marks.ts";
import { styledText } from "./inline.ts";
import { headOf, widthOf } from "./text-width.ts";

const gap = "  ";
const narrowest = 8;

/** The lines to show; undefined where these rows are no table. */
export function tableLines(rows: readonly string[], columns: number, styled: boolean): string[] | undefined {
  const [titles, rule, ...body] = rows.map(cellsOf);
  if (titles === undefined || rule === undefined || !rule.every((cell) => /^:?-+:?$/.test(cell)))
    return undefined;
  const style = (row: readonly string[]): string[] =>
    titles.map((_, at) => styledText(row[at] ?? "", styled));
  const heads = style(titles);
  const lines = body.map(style);
  const wanted = heads.map((head, at) =>
    Math.max(widthOf(head), ...lines.map((row) => widthOf(row[at] ?? ""))),
  );
  const widths = fitted(wanted, columns - gap.length * (heads.length - 1));
  const show = (row: readonly string[]): string[] => rowLines(row, widths, rule);
  return [
    ...show(heads).map((line) => (styled ? `${bold.on}${line}${bold.off}` : line)),
    widths.map((width) => "─".repeat(width)).join(gap),
    ...lines.flatMap(show),
  ];
}

function cellsOf(row: string): string[] {
  const inner = row
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll(String.raw`\|`, "|"));
}

/** The widest gives way first. */
function fitted(wanted: readonly number[], room: number): number[] {
  const widths = [...wanted];
  const total = (): number => widths.reduce((sum, width) => sum + width, 0);
  while (total() > room) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= narrowest) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

function rowLines(row: readonly string[], widths: readonly number[], rule: readonly string[]): string[] {
  const cells = row.map((cell, at) => folded(cell, widths[at] ?? 0));
  const height = Math.max(1, ...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((lines, at) => {
        const text = lines[line] ?? "";
        const blank = " ".repeat(Math.max(0, (widths[at] ?? 0) - widthOf(text)));
        return /^[^:].*:$|^:$/.test(rule[at] ?? "") ? blank + text : text + blank;
      })
      .join(gap)
      .trimEnd(),
  );
}

/** A cell's lines. A style that would have to go on across lines is dropped. */
function folded(cell: string, width: number): string[] {
  if (widthOf(cell) <= width) return [cell];
  const lines: string[] = [];
  let line = "";
  for (let word of withoutMarks(cell).split(/\s+/)) {
    if (line !== "" && widthOf(`${line} ${word}`) > width) {
      lines.push(line);
      line = "";
    }
    while (widthOf(word) > width) {
      const head = headOf(word, width) || word.slice(0, 1);
      lines.push(head);
      word = word.slice(head.length);
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}
