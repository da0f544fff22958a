/** Bold and code within a line, for text that comes in pieces. */
import { bold, code } from "./marks.ts";

export interface Inline {
  /** What can be decided of the text so far. */
  add(text: string): string;
  /** The rest; styles end with the line. */
  end(): string;
}

/** `**bold**` and code in backticks. Without styles the text stays as it was written. */
export function createInline(styled: boolean): Inline {
  let [held, isBold] = ["", false];
  /** The backticks that began the code we are in. */
  let fence = "";

  const take = (last: boolean): string => {
    let shown = "";
    while (held !== "") {
      const [run = ""] = /^(?:\*+|`+)/.exec(held) ?? [];
      if (run === "") {
        const [plain = ""] = /^[^*`]+/.exec(held) ?? [];
        shown += plain;
        held = held.slice(plain.length);
        continue;
      }
      // What a mark means depends on what follows it.
      if (run.length === held.length && !last) return shown;
      shown += meaning(run, held.slice(run.length));
      held = held.slice(run.length);
    }
    return shown;
  };
  const meaning = (run: string, next: string): string => {
    if (run.startsWith("`")) {
      if (fence !== "" && run !== fence) return run;
      if (fence === "" && next === "") return run;
      fence = fence === "" ? run : "";
      return fence === "" ? code.off : code.on;
    }
    if (fence !== "" || run.length !== 2) return run;
    // `2 ** 3` is arithmetic.
    if (!isBold && /^(?:\s|$)/.test(next)) return run;
    isBold = !isBold;
    return isBold ? bold.on : bold.off;
  };

  return {
    add(text) {
      if (!styled) return text;
      held += text;
      return take(false);
    },
    end() {
      const rest = take(true) + (fence === "" ? "" : code.off) + (isBold ? bold.off : "");
      [held, isBold, fence] = ["", false, ""];
      return rest;
    },
  };
}

/** A whole text. */
export function styledText(text: string, styled: boolean): string {
  const inline = createInline(styled);
  return inline.add(text) + inline.end();
}
