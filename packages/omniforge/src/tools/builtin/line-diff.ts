/**
 * The difference between two texts, line by line, for the eyes of a person who approves it.
 *
 * Owns: the unified form, and that it is made in bounded time: where the changed region is too large to compare, all its old
 * lines go and all its new ones come. It is right for every pair of texts, and the shortest for small changes.
 */

/** Lines around a change that are shown with it. */
const contextLines = 3;

/** Most pairs of lines that are compared. */
const maximumPairs = 1_000_000;

interface Line {
  readonly mark: " " | "-" | "+";
  readonly text: string;
}

/** The hunks of a unified diff, without file names; empty for equal texts. */
export function unifiedDiff(before: string, after: string): string {
  if (before === after) return "";
  return hunks(compare(linesOf(before), linesOf(after))).join("\n");
}

/** The lines; the last one says so when no line end follows it. */
function linesOf(text: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  const last = lines.pop();
  return last === "" ? lines : [...lines, `${last}\n\\ No newline at end of file`];
}

function compare(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  const shorter = Math.min(before.length, after.length) - start;
  while (end < shorter && before.at(-1 - end) === after.at(-1 - end)) end++;
  const same = (lines: readonly string[]): Line[] => lines.map((text) => ({ mark: " ", text }));
  return [
    ...same(before.slice(0, start)),
    ...changed(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...same(before.slice(before.length - end)),
  ];
}

/** The longest common subsequence, by its table of lengths. */
function changed(before: readonly string[], after: readonly string[]): Line[] {
  const gone = (text: string): Line => ({ mark: "-", text });
  const come = (text: string): Line => ({ mark: "+", text });
  const width = after.length + 1;
  if ((before.length + 1) * width > maximumPairs) return [...before.map(gone), ...after.map(come)];
  const lengths = new Uint32Array((before.length + 1) * width);
  const lengthAt = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      lengths[i * width + j] =
        before[i] === after[j]
          ? lengthAt(i + 1, j + 1) + 1
          : Math.max(lengthAt(i + 1, j), lengthAt(i, j + 1));
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, fresh] = [before[i], after[j]];
    if (old !== undefined && old === fresh) {
      lines.push({ mark: " ", text: old });
      i++;
      j++;
    } else if (old !== undefined && (fresh === undefined || lengthAt(i + 1, j) >= lengthAt(i, j + 1))) {
      lines.push(gone(old));
      i++;
    } else if (fresh !== undefined) {
      lines.push(come(fresh));
      j++;
    }
  }
  return lines;
}

function hunks(lines: readonly Line[]): string[] {
  const shown = new Uint8Array(lines.length);
  lines.forEach(({ mark }, at) => {
    if (mark !== " ") shown.fill(1, Math.max(0, at - contextLines), at + contextLines + 1);
  });
  const written: string[] = [];
  let [old, fresh] = [1, 1];
  for (let at = 0; at < lines.length;) {
    if (shown[at] === 0) {
      at++;
      old++;
      fresh++;
      continue;
    }
    const end = shown.indexOf(0, at);
    const hunk = lines.slice(at, end === -1 ? lines.length : end);
    const olds = hunk.filter(({ mark }) => mark !== "+").length;
    const news = hunk.filter(({ mark }) => mark !== "-").length;
    // Where a side has no lines, its number is that of the line before, as diff has it.
    const [oldAt, newAt] = [olds === 0 ? old - 1 : old, news === 0 ? fresh - 1 : fresh];
    written.push(`@@ -${oldAt},${olds} +${newAt},${news} @@`, ...hunk.map(({ mark, text }) => mark + text));
    at += hunk.length;
    old += olds;
    fresh += news;
  }
  return written;
}
