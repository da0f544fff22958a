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
  if (wanted.all !== true) {
    const places = placesOf(text, old);
    if (places.length > 1) {
      const lines = places.slice(0, shownPlaces).map((at) => text.slice(0, at).split("\n").length);
      const more = places.length > shownPlaces;
      throw new OmniForgeError(
        "TOOL_FAILED",
        `${path} contains the old text ${more ? "more than " : ""}${lines.length} times (from lines ${lines.join(", ")}${more ? " …" : ""}); give more of its surroundings, or set all`,
      );
    }
  }
  return { text: pieces.join(replacement), count, line: (pieces[0] ?? "").split("\n").length };
}

/**
 * `read` shows lines without their ends, so that in a file of Windows lines a passage is looked for, and replaced, in its
 * own ends.
 */
function inLineEndsOf(text: string, wanted: Replacement): { old: string; replacement: string } {
  const { old, new: replacement } = wanted;
  const windows = { old: toWindows(old), replacement: toWindows(replacement) };
  if (old.includes("\r") || !text.includes(windows.old)) return { old, replacement };
  return isWindows(text) || !text.includes(old) ? windows : { old, replacement };
}

const toWindows = (text: string): string => text.replaceAll(/\r?\n/g, "\r\n");
/** Whether it has line ends, all of them Windows'. */
const isWindows = (text: string): boolean => text.includes("\r\n") && !/(?<!\r)\n/.test(text);

/** How many places a message names. */
const shownPlaces = 10;

/** Where the passage stands, overlapping places too: which of them is meant can't be told. A few more than are shown. */
function placesOf(text: string, old: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(old); at !== -1 && places.length <= shownPlaces; at = text.indexOf(old, at + 1))
    places.push(at);
  return places;
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
