/**
 * Where everything is shown: a terminal, or a pipe that gets the same words without colour and cursor.
 *
 * Invariants
 * 1. Only this file writes terminal escapes (those of styles within a text are in `marks.ts`). Every text passes through `visible`, whoever wrote it.
 * 2. The status line is the last one, and is gone before anything else is written.
 */
import type { Output } from "./output.ts";
import { markdown } from "./markdown.ts";
import { toEscapes } from "./marks.ts";
import { wrap, type Wrapping } from "./wrap.ts";
import { visible, visibleLine } from "./visible.ts";
import { cutTo, widthOf } from "./text-width.ts";

export type Style = "bold" | "dim" | "green" | "red" | "yellow" | "cyan";
/** A piece of a line; plain where it is just text. */
export type Span = string | { readonly text: string; readonly style: Style };

export interface Screen {
  readonly live: boolean;
  readonly columns: number;
  /** One line; on a terminal it is cut where that ends. */
  line(spans?: readonly Span[], indent?: number): void;
  /** Text of any length, wrapped between words on a terminal. */
  text(text: string, options?: TextOptions): void;
  /** Text that comes in pieces, as it comes; `end` before anything else is shown. */
  stream(options?: TextOptions): { add(text: string): void; end(): void };
  /** A line that lasts until something else is shown. Nothing where nobody sees it. */
  status(text?: string): void;
}

export interface TextOptions {
  readonly indent?: number;
  /** Before each line, such as a bar. */
  readonly prefix?: string;
  /** Before what did not fit on the line; default the prefix. */
  readonly continued?: string;
  readonly style?: Style;
  /** A model's text: rendered on a terminal, as it was written elsewhere. */
  readonly markdown?: boolean;
}

const codes: Record<Style, readonly [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  green: [32, 39],
  red: [31, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** A screen over an output. Colour on terminals only, and not where NO_COLOR is set. */
export function createScreen(output: Output): Screen {
  const { live, write } = output;
  const coloured = live && (process.env["NO_COLOR"] ?? "") === "";
  let status = "";

  const clear = (): void => {
    if (status !== "") write("\r\u001b[2K");
    status = "";
  };
  const paint = (text: string, style?: Style): string => {
    if (!coloured || style === undefined || text === "") return text;
    const [on, off] = codes[style];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
  const wrapping = (options: TextOptions): Wrapping => {
    const { indent = 0, prefix = "", continued = prefix, style } = options;
    const { columns } = output;
    const margin = " ".repeat(indent);
    if (live && options.markdown === true)
      return markdown((text) => write(toEscapes(text)), { columns, indent: margin, styled: coloured });
    return wrap((text) => write(paint(text, style)), columns, margin + prefix, margin + continued);
  };

  return {
    live,
    get columns() {
      return output.columns;
    },
    line(spans = [], indent = 0) {
      clear();
      let room = output.columns - indent;
      let line = " ".repeat(indent);
      for (const span of spans) {
        const text = visibleLine(typeof span === "string" ? span : span.text);
        const shown = cutTo(text, room);
        line += paint(shown, typeof span === "string" ? undefined : span.style);
        room -= widthOf(shown);
        if (shown !== text) break;
      }
      write(`${line}\n`);
    },
    text(text, options = {}) {
      clear();
      const lines = wrapping(options);
      lines.add(visible(text));
      lines.end();
    },
    stream(options = {}) {
      clear();
      const lines = wrapping(options);
      return { add: (text) => lines.add(visible(text)), end: () => lines.end() };
    },
    status(text = "") {
      if (!live || text === status) return;
      clear();
      status = text;
      if (text !== "") write(paint(cutTo(visibleLine(text), output.columns - 1), "dim"));
    },
  };
}
