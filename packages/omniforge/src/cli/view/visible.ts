/**
 * Text of models, tools, files and people, made safe to show: what would steer a terminal, or reorder or hide text, is
 * written out instead.
 *
 * Invariant: what `visible` returns has no control character but line feeds and tabs, nothing that changes the direction
 * of text, and nothing invisible that could make two different texts look the same.
 */

/* oxlint-disable no-control-regex -- control characters are what this file is about */
const unsafe =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
/* oxlint-enable no-control-regex */

/** The text with what a terminal would obey written as `\x1b` or `\u202e`. */
export function visible(text: string): string {
  return text.replaceAll(unsafe, escapeOf);
}

/** The text on one line: line feeds and tabs written out too. */
export function visibleLine(text: string): string {
  return visible(text)
    .replaceAll("\n", String.raw`\n`)
    .replaceAll("\t", String.raw`\t`);
}

/** One line of JSON that is the same value to a reader of JSON, and harmless on a terminal. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(unsafe, (character) =>
    [...Array(character.length).keys()]
      .map((index) => String.raw`\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

function escapeOf(character: string): string {
  if (character === "\r") return String.raw`\r`;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) return String.raw`\x${code.toString(16).padStart(2, "0")}`;
  return code < 0x10000
    ? String.raw`\u${code.toString(16).padStart(4, "0")}`
    : String.raw`\u{${code.toString(16)}}`;
}
