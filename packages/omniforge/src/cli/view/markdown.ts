/**
 * Markdown, lightly: headings, bold, code, lists, quotes and tables, for text that comes in pieces.
 *
 * Owns: what a line is, which its beginning decides; a table is held back until it is whole. Whatever it does not know stays
 * as it was written. Without styles (NO_COLOR) all marks stay too, but tables are aligned.
 */
import { createInline, styledText } from "./inline.ts";
import { bold, code } from "./marks.ts";
import { tableLines } from "./markdown-table.ts";
import { wrap, type Wrapping } from "./wrap.ts";

export interface MarkdownOptions {
  readonly columns: number;
  readonly indent: string;
  readonly styled: boolean;
}

/** A line's beginning that may still become something else than what it looks like. */
const undecided = /^\s*(?:#{0,6}|[-*+]|\d{1,3}[.)]?|`{1,2}|`{3,}[^\n]*|\|[^\n]*|>)$/;
const fenceLine = /^\s*`{3,}/;

/** Writes lines as they become clear; the writer turns marks into colours. */
export function markdown(write: (text: string) => void, options: MarkdownOptions): Wrapping {
  const { columns, indent, styled } = options;
  const inline = createInline(styled);
  let begin = "";
  let line: Wrapping | undefined;
  let inFence = false;
  let closing = "";
  let rows: string[] = [];

  const open = (first: string, further = first): Wrapping =>
    wrap(write, columns, `${indent}${first}`, `${indent}${further}`);
  const writeLine = (text: string): void => {
    const one = wrap(write, Number.POSITIVE_INFINITY, indent);
    one.add(`${text}\n`);
    one.end();
  };
  const endTable = (): void => {
    if (rows.length === 0) return;
    const table = tableLines(rows, columns - indent.length, styled);
    for (const row of table ?? rows.map((one) => styledText(one, styled))) writeLine(row);
    rows = [];
  };

  /** The line's kind is known: what it begins with is shown, the rest follows as it comes. */
  const start = (text: string): string => {
    endTable();
    if (inFence) {
      line = styled ? open("  ") : open("");
      if (styled) line.add(code.on);
      closing = styled ? code.off : "";
      return text;
    }
    const [heading = "", space = ""] = /^\s*#{1,6}(\s+)/.exec(text) ?? [];
    if (space !== "" && styled) {
      line = open("");
      line.add(bold.on);
      closing = bold.off;
      return text.slice(heading.length);
    }
    const [item = "", depth = "", mark = ""] = /^(\s*)([-*+]|\d{1,3}[.)])\s+/.exec(text) ?? [];
    if (item !== "") {
      const shown = `${depth}${/\d/.test(mark) ? mark : "•"} `;
      line = open(shown, " ".repeat(shown.length));
      return text.slice(item.length);
    }
    const [quote = ""] = /^\s*>\s?/.exec(text) ?? [];
    if (quote !== "") {
      line = open("│ ");
      return text.slice(quote.length);
    }
    line = open("");
    return text;
  };
  const endLine = (): void => {
    if (line === undefined) return;
    line.add(inFence ? closing : inline.end() + closing);
    line.add("\n");
    line.end();
    line = undefined;
    closing = "";
  };
  /** A line that was undecided to its end. */
  const wholeLine = (text: string): void => {
    if (fenceLine.test(text)) {
      endTable();
      inFence = !inFence;
      if (!styled) writeLine(text);
    } else if (!inFence && text.trimStart().startsWith("|")) rows.push(text);
    else {
      say(start(text));
      endLine();
    }
  };
  const say = (text: string): void => line?.add(inFence ? text : inline.add(text));

  const piece = (text: string): void => {
    if (line !== undefined) return say(text);
    begin += text;
    if (inFence ? /^\s*`*$/.test(begin) || fenceLine.test(begin) : undecided.test(begin)) return;
    const shown = start(begin);
    begin = "";
    say(shown);
  };

  return {
    add(text) {
      for (const [token] of text.matchAll(/\n|[^\n]+/g)) {
        if (token !== "\n") piece(token);
        else if (line !== undefined) endLine();
        else {
          const whole = begin;
          begin = "";
          wholeLine(whole);
        }
      }
    },
    end() {
      if (line !== undefined) endLine();
      else if (begin !== "") wholeLine(begin);
      begin = "";
      endTable();
    },
  };
}
