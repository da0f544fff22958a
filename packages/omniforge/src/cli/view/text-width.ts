/** How many columns of a terminal a text takes, and cutting it to so many. */
import { isMark } from "./marks.ts";

const wide =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}])/u;
const marks = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
/** Letters of the west, and the signs that we write ourselves: one column each, which needs no table of Unicode. */
const plain =
  /^[\u0020-\u007e\u00a1-\u00a8\u00aa-\u00ac\u00af-\u02ff\u2013-\u2026\u2190-\u2193\u21b3\u21bb\u2500-\u257f\u2713\u2717]*$/;
let segments: Intl.Segmenter | undefined;

/** Made when it is first needed, which takes longer than everything else here. */
function graphemes(text: string): Intl.Segments {
  segments ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return segments.segment(text);
}

/** The columns of a text on one line. */
export function widthOf(text: string): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes(text)) width += columnsOf(segment);
  return width;
}

/** The text, or as much of its beginning as fits with an ellipsis. */
export function cutTo(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  return columns < 1 ? "" : `${headOf(text, columns - 1)}…`;
}

/** As much of the beginning as fits. */
export function headOf(text: string, columns: number): string {
  if (plain.test(text)) return text.slice(0, Math.max(0, columns));
  let [head, width] = ["", 0];
  for (const { segment } of graphemes(text)) {
    width += columnsOf(segment);
    if (width > columns) break;
    head += segment;
  }
  return head;
}

function columnsOf(grapheme: string): number {
  if (isMark(grapheme)) return 0;
  if (marks.test(grapheme)) return 0;
  // An emoji made of several characters, or told to look like one, takes two columns.
  return wide.test(grapheme) || grapheme.includes("\ufe0f") ? 2 : 1;
}
