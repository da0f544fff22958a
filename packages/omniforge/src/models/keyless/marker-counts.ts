/** What the results of `grep`, `glob` and `read` say about a marker, and the report made of it. */
import type { Step } from "./conversation.ts";
import { fieldOf } from "./summary.ts";

export interface Counts {
  /** Most first, then by path. */
  readonly files: readonly { readonly path: string; readonly count: number }[];
  /** All lines and files with the marker, those included that are not shown in `files`. */
  readonly lines: number;
  readonly fileCount: number;
  /** How many files there are at all, where that is known. */
  readonly listed: number | undefined;
}

const reportedFiles = 50;
const quotedLines = 3;

/** Reads counts, or single lines where a `grep` knows no counts; the report of an earlier run is left out. */
export function countsIn(searched: Step, listed: Step | undefined, except: string): Counts {
  const counts = new Map<string, number>();
  for (const line of searched.text.split("\n")) {
    const [, path, count] =
      fieldOf(searched.input, "counts") === true
        ? (/^([^(].*): (\d+)$/.exec(line) ?? [])
        : (/^(.+?):(\d+): /.exec(line) ?? []);
    if (path === undefined) continue;
    counts.set(
      path,
      fieldOf(searched.input, "counts") === true ? Number(count) : (counts.get(path) ?? 0) + 1,
    );
  }
  const left = counts.get(except) ?? 0;
  counts.delete(except);
  const files = [...counts]
    .map(([path, count]) => ({ path, count }))
    .toSorted((one, other) => other.count - one.count || (one.path < other.path ? -1 : 1));
  const shown = files.reduce((sum, { count }) => sum + count, 0);
  const [, lines, fileCount] = /^\((\d+) lines? in (\d+) files?/m.exec(searched.text) ?? [];
  return {
    files,
    lines: Math.max(shown, Number(lines ?? 0) - left),
    fileCount: Math.max(files.length, Number(fileCount ?? 0) - (left > 0 ? 1 : 0)),
    listed: listed?.outcome === "answered" ? listedIn(listed.text) : undefined,
  };
}

function listedIn(text: string): number {
  const [, all] = /^\(the first \d+ of (\d+) files/m.exec(text) ?? [];
  return all === undefined ? text.split("\n").length : Number(all);
}

/** The report in Markdown: a table of counts, and the first lines of the files that were read. */
export function reportOf(
  marker: string,
  { files, lines, fileCount }: Counts,
  steps: readonly Step[],
): string {
  const table = files
    .slice(0, reportedFiles)
    .map(({ path, count }) => `| \`${path.replaceAll("|", String.raw`\|`)}\` | ${count} |`);
  if (fileCount > table.length) table.push(`| ${fileCount - table.length} more files | |`);
  const read = files.flatMap(({ path, count }) => {
    const step = steps.find(
      ({ name, input, outcome }) =>
        name === "read" && outcome === "answered" && fieldOf(input, "path") === path,
    );
    return step === undefined ? [] : [quote(marker, path, count, step.text)];
  });
  return [
    `# Lines with ${marker}`,
    `${lines} ${lines === 1 ? "line" : "lines"} in ${fileCount} ${fileCount === 1 ? "file" : "files"}, counted by OmniForge's keyless demo model (rules, not an LLM).`,
    ["| File | Lines |", "| --- | ---: |", ...table].join("\n"),
    ...(read.length > 0 ? ["## The files with most", ...read] : []),
  ]
    .join("\n\n")
    .concat("\n");
}

function quote(marker: string, path: string, count: number, text: string): string {
  const found = text
    .split("\n")
    .flatMap((line, index) =>
      line.includes(marker)
        ? [`- line ${index + 1}: \`${line.trim().slice(0, 120).replaceAll("`", "'")}\``]
        : [],
    );
  const quoted = found.slice(0, quotedLines);
  if (count > quoted.length && quoted.length > 0) quoted.push(`- and ${count - quoted.length} more`);
  return [`### \`${path}\``, quoted.join("\n")].filter((paragraph) => paragraph !== "").join("\n\n");
}
