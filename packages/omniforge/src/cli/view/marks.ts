/**
 * Styles inside a text, as characters that take no room and that no text can contain: `visible` writes out every control
 * character that comes from outside.
 */

/** From one to the other. Code is shown in a colour, for a terminal's letters are all of one width. */
export const bold = { on: "\u0001", off: "\u0002" } as const;
export const code = { on: "\u0003", off: "\u0004" } as const;

const escapes: Readonly<Record<string, string>> = {
  [bold.on]: "\u001b[1m",
  [bold.off]: "\u001b[22m",
  [code.on]: "\u001b[36m",
  [code.off]: "\u001b[39m",
};

/* oxlint-disable no-control-regex -- control characters are what these are */
const anyMark = /[\u0001-\u0004]/g;
/** Whether a character is one of them: it takes no column. */
export const isMark = (character: string): boolean => /^[\u0001-\u0004]$/.test(character);
/* oxlint-enable no-control-regex */

/** The text as a terminal shows it. */
export function toEscapes(text: string): string {
  return text.replaceAll(anyMark, (mark) => escapes[mark] ?? "");
}

export function withoutMarks(text: string): string {
  return text.replaceAll(anyMark, "");
}
