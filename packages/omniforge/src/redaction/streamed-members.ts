/**
 * Hidden members in text that is being streamed: an answer by a schema is JSON, and comes letter by letter.
 *
 * By name only, because a text that has no end yet does not tell where in a value it is. A member whose value is an object
 * or a list is held back with all that follows it.
 */
import type { KnownSecrets } from "./known-secrets.ts";

export type StreamedMembers = Pick<KnownSecrets, "hide" | "places" | "openFrom">;

/** Members of these names, whatever their case. */
export function streamedMembers(names: readonly string[]): StreamedMembers {
  if (names.length === 0) return { hide: (text) => text, places: () => [], openFrom: (text) => text.length };
  const literal = names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)).join("|");
  const name = `"(?:${literal})"`;
  const whole = new RegExp(
    String.raw`${name}\s*:\s*(?:"(?:[^"\\]|\\[\s\S])*"|-?\d[\d.eE+-]*|true|false|null)`,
    "gi",
  );
  /** The name is there, and its value is not, or may go on. */
  const unfinished = new RegExp(
    String.raw`${name}\s*(?::\s*(?:"(?:[^"\\]|\\[\s\S])*\\?|-?[\d.eE+-]*|[tfn][a-z]*|[[{][\s\S]*)?)?$`,
    "i",
  );
  const beginnings = names.map((one) => `"${one}"`.toLowerCase());
  return {
    hide: (text, maskOf) => text.replace(whole, maskOf ?? ((found) => "•".repeat(found.length))),
    places: (text) =>
      [...text.matchAll(whole)].map(({ index, 0: { length } }) => ({ from: index, to: index + length })),
    openFrom(text) {
      const at = text.search(unfinished);
      const lower = text.toLowerCase();
      return Math.min(at < 0 ? text.length : at, ...beginnings.map((begin) => begunAt(lower, begin)));
    },
  };
}

/** Where the text's end is the beginning of this. */
function begunAt(text: string, begin: string): number {
  for (let at = Math.max(0, text.length - begin.length + 1); at < text.length; at++)
    if (begin.startsWith(text.slice(at))) return at;
  return text.length;
}
