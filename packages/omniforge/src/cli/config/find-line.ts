/** Where in a config file something stands: found by looking at its text, so a guess that is left out where it is unsure. */

/** The line of a key, counted from 1; undefined where no such key is written in the file. */
export function lineOfKey(text: string, path: readonly (string | number)[]): number | undefined {
  let at: number | undefined;
  for (const step of path) {
    if (typeof step === "number") continue;
    const found = placeOf(text, step, at ?? 0);
    if (found === undefined) break;
    at = found;
  }
  return at === undefined ? undefined : text.slice(0, at).split("\n").length;
}

/** `key:`, `"key":` or `key,` after this place, with nothing of a name before it. */
function placeOf(text: string, key: string, from: number): number | undefined {
  const name = key.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const pattern = new RegExp(String.raw`(?<=[{,\s])["']?${name}["']?\s*(?::|[,}])`, "g");
  pattern.lastIndex = from;
  return pattern.exec(text)?.index;
}

/** The line at which the loading of this file broke, as the error's stack tells. */
export function lineOfError(error: Error, file: string): number | undefined {
  for (const line of (error.stack ?? "").split("\n")) {
    const at = line.indexOf(file);
    const [, number] = at < 0 ? [] : (/^:(\d+)/.exec(line.slice(at + file.length)) ?? []);
    if (number !== undefined) return Number(number);
  }
  return undefined;
}
