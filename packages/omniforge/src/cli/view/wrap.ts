/**
 * Wrapping between words, for text that comes in pieces.
 *
 * Invariant: the pieces don't matter: the same text gives the same lines, however it was cut.
 */
import { headOf, widthOf } from "./text-width.ts";

export interface Wrapping {
  /** Writes what is complete; the beginning of a word waits for its rest. */
  add(text: string): void;
  /** Writes what is left, and ends the line. */
  end(): void;
}

/**
 * Wraps to so many columns. Each line of the text begins with the prefix, and what does not fit goes on after
 * `continued`, which is as wide. Infinitely many columns: lines stay as they are.
 */
export function wrap(
  write: (text: string) => void,
  columns: number,
  prefix: string,
  continued = prefix,
): Wrapping {
  const room = Math.max(10, columns - widthOf(prefix));
  let [column, spaces, word] = [0, "", ""];
  let begun = false;

  const begin = (): void => {
    if (!begun) write(prefix);
    begun = true;
  };
  const newline = (): void => {
    // A line without text must not end in the blanks of its prefix.
    write(begun ? "\n" : `${prefix.trimEnd()}\n`);
    [column, spaces, begun] = [0, "", false];
  };
  const goOn = (): void => {
    write(`\n${continued}`);
    [column, spaces] = [0, ""];
  };
  const flush = (): void => {
    if (word === "") return;
    if (column > 0 && column + widthOf(spaces + word) > room) goOn();
    begin();
    write(spaces);
    column += widthOf(spaces);
    for (let rest = word; rest !== "";) {
      const head = headOf(rest, room - column) || (column === 0 ? rest.slice(0, 2) : "");
      write(head);
      column += widthOf(head);
      rest = rest.slice(head.length);
      if (rest !== "") {
        goOn();
      }
    }
    [spaces, word] = ["", ""];
  };

  return {
    add(text) {
      for (const [token] of text.matchAll(/\n|[ \t]+|[^ \t\n]+/g)) {
        if (token === "\n") {
          flush();
          newline();
        } else if (/^[ \t]/.test(token)) {
          flush();
          spaces += Number.isFinite(columns) ? token.replaceAll("\t", "    ") : token;
        } else word += token;
      }
    },
    end() {
      flush();
      if (begun || column > 0) newline();
      spaces = "";
    },
  };
}
