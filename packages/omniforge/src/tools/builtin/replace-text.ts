/**
 * Replacing a passage of a text by another.
 *
 * Invariants: what is replaced matches exactly, once unless all are asked for; everything else stays as it is, byte by byte.
 */
import { OmniForgeError } from "../../protocol/error.ts";

export interface Replacement {
  readonly old: string;
  readonly new: string;
  readonly all?: boolean | undefined;
}

/** The text with the passage replaced, and how often. Throws TOOL_FAILED where it isn't there, or not once. */
export function replaceText(
  text: string,
  wanted: Replacement,
  path: string,
): { readonly text: string; readonly count: number; readonly line: number } {
  const { old, replacement } = inLineEndsOf(text, wanted);
  if (old === replacement) throw new OmniForgeError("INVALID_INPUT", "old and new are the same text");
  const pieces = text.split(old);
  const count = pieces.length - 1;
  if (count === 0)
    throw new OmniForgeError("TOOL_FAILED", `${path} does not contain the old text; ${nearMiss(text, old)}`);
  if (count > 1 && wanted.all !== true) {
    const lines = linesOf(pieces, old).slice(0, 10).join(", ");
    throw new OmniForgeError(
      "TOOL_FAILED",
      `${path} contains the old text ${count} times (from lines ${lines}${count > 10 ? " …" : ""}); give more of its surroundings, or set all`,
    );
  }
  return { text: pieces.join(replacement), count, line: linesOf(pieces, old)[0] ?? 1 };
}

/** `read` shows lines without their ends, so that in a file of Windows lines a passage is looked for in its own ends. */
function inLineEndsOf(text: string, wanted: Replacement): { old: string; replacement: string } {
  const { old, new: replacement } = wanted;
  if (text.includes(old) || old.includes("\r")) return { old, replacement };
  const windows = old.replaceAll("\n", "\r\n");
  if (!text.includes(windows)) return { old, replacement };
  return { old: windows, replacement: replacement.replaceAll(/\r?\n/g, "\r\n") };
}

/** The line in which each occurrence begins. */
function linesOf(pieces: readonly string[], old: string): number[] {
  const ends = (some: string): number => some.split("\n").length - 1;
  let line = 1;
  return pieces.slice(0, -1).map((piece, index) => {
    line += ends(piece) + (index === 0 ? 0 : ends(old));
    return line;
  });
}

function nearMiss(text: string, old: string): string {
  const squeezed = (some: string): string => some.replaceAll(/\s+/g, " ").trim();
  const first = old.split("\n").find((line) => line.trim() !== "");
  if (first === undefined) return "read the file again";
  if (squeezed(text).includes(squeezed(old)))
    return "it does with other white space: read it again, and copy it exactly";
  const at = text.split("\n").findIndex((line) => line.includes(first.trim()));
  return at === -1 ? "read it again" : `its first line stands in line ${at + 1}, but what follows differs`;
}
