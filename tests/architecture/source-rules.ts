/** Rules for every source file, whatever its folder. The brackets within words keep a rule from finding itself. */
import type { Source } from "./read-sources.ts";

const longest = 400;
const vague = new Set(["util", "utils", "helper", "helpers", "common", "misc", "manager"]);
/** In a comment, not in a text: the demo model's own texts are about such marks. */
const leftover = /^[^"'`]*(\/\/|\/\*|^\s*\*)\s*(TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b|not (yet )?[i]mplemented/i;
const untyped = /\bas [a]ny\b|:\s*[a]ny\b(?! \w)|<[a]ny>|@ts-(?:[i]gnore|[n]ocheck)/;

/** Every rule that the file breaks, as sentences. */
export function broken(source: Source): string[] {
  const lines = source.text.split("\n");
  const count = lines.at(-1) === "" ? lines.length - 1 : lines.length;
  return [
    ...(count > longest ? [`${source.path} has ${count} lines, and ${longest} are the limit`] : []),
    ...(words(source.path).some((word) => vague.has(word))
      ? [`${source.path} is not named for what it owns`]
      : []),
    ...lines.flatMap((line, at) =>
      leftover.test(line) ? [`${source.path}:${at + 1} leaves work open`] : [],
    ),
    ...lines.flatMap((line, at) =>
      untyped.test(line) ? [`${source.path}:${at + 1} turns the compiler off`] : [],
    ),
  ];
}

function words(path: string): string[] {
  return path.toLowerCase().split(/[/.\-_]/);
}
