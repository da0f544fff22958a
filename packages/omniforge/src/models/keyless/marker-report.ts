/**
 * The request for all lines with a marker and the file that has most: search and list, read the files with most, write
 * a report when a person agrees, and answer whether they did or not.
 */
import { countsIn, reportOf, type Counts } from "./marker-counts.ts";
import { missingTool, outcomeOf, type KeylessReply, type Rule, type Work } from "./reply.ts";
import { fieldOf } from "./summary.ts";

export const reportPath = "omniforge-report.md";

const asked = [
  /\b(?:find|count|list|show|search)(?:\s+for)?(?:\s+me)?\s+(?:every|all|each)\s+(?:the\s+|of\s+the\s+)?["'`]?([\w@-]+)["'`]?.*\b(?:most|report)\b/is,
  /\b(?:which|what)\s+files?\s+(?:has|have|contains?)\s+(?:the\s+)?most\s+["'`]?([\w@-]+)/i,
];

/** The rule; counts lines, of any word. */
export const markerReport: Rule = (request, work) => {
  const word = asked
    .map((pattern) => pattern.exec(request)?.[1])
    .find((found) => found !== undefined && !/^(files?|lines?)$/i.test(found));
  return word === undefined ? undefined : report(markerOf(word), work);
};

/** The known markers in capitals and without a plural's s; other words are taken as they stand. */
function markerOf(word: string): string {
  const [, marker] = /^(todo|fixme|hack|xxx)s?$/i.exec(word) ?? [];
  return marker?.toUpperCase() ?? word;
}

function report(marker: string, work: Work): KeylessReply {
  if (!work.offers("grep")) return { text: missingTool("grep"), calls: [] };
  const searched = outcomeOf(work, "grep", "pattern", marker);
  const listed = work.offers("glob") ? outcomeOf(work, "glob", "pattern", "**/*") : undefined;
  if (searched === undefined) {
    const calls = [{ name: "grep", input: { pattern: marker, counts: true } }];
    if (!work.offers("glob") || listed !== undefined) return { text: `I search for ${marker} again.`, calls };
    return {
      text: `I search for ${marker} and list the files.`,
      calls: [...calls, { name: "glob", input: { pattern: "**/*" } }],
    };
  }
  if (searched.outcome !== "answered")
    return { text: `I could not search for ${marker}: ${searched.text}`, calls: [] };
  const counts = countsIn(searched, listed, reportPath);
  if (counts.files.length === 0) return { text: `No file here has a line with ${marker}.`, calls: [] };

  const unread = unreadOf(counts, work);
  if (unread.length > 0) {
    const text = `${counts.files[0]?.path ?? ""} seems to have most. I read ${unread.length === 1 ? "it" : "the files with most"}.`;
    return { text, calls: unread.map((path) => ({ name: "read", input: { path } })) };
  }
  const written = work.offers("write") ? outcomeOf(work, "write", "path", reportPath) : undefined;
  if (work.offers("write") && written === undefined) {
    const input = { path: reportPath, content: reportOf(marker, counts, work.steps) };
    return { text: "I put this into a report, if you agree.", calls: [{ name: "write", input }] };
  }
  return { text: answerOf(marker, counts, written), calls: [] };
}

/** The files with most, unless reading was tried already. */
function unreadOf({ files }: Counts, { steps, offers }: Work): string[] {
  const top = files.slice(0, 3).map(({ path }) => path);
  const tried = steps.filter(
    ({ name, input }) => name === "read" && top.some((path) => path === fieldOf(input, "path")),
  );
  const failures = steps.filter(({ name, outcome }) => name === "read" && outcome === "failed").length;
  return offers("read") && tried.length === 0 && failures < 3 ? top : [];
}

function answerOf(
  marker: string,
  { files, lines, fileCount, listed }: Counts,
  written: ReturnType<typeof outcomeOf>,
): string {
  const most = files.filter(({ count }) => count === files[0]?.count).map(({ path }) => `\`${path}\``);
  const [count, first] = [files[0]?.count ?? 0, most.slice(0, 3).join(", ")];
  const who =
    most.length === 1
      ? `${first} has most`
      : `${first}${most.length > 3 ? ` and ${most.length - 3} more` : ""} have most`;
  const all = listed === undefined ? "" : `, of ${listed} files in all`;
  return [
    `${who}: ${lineCount(count)} with ${marker}${most.length === 1 ? "" : " each"}. I found ${lineCount(lines)} in ${fileCount} ${fileCount === 1 ? "file" : "files"}${all}.`,
    files
      .slice(0, 5)
      .map((file, index) => `${index + 1}. \`${file.path}\`: ${file.count}`)
      .join("\n"),
    fateOf(written),
  ]
    .filter((paragraph) => paragraph !== "")
    .join("\n\n");
}

function fateOf(written: ReturnType<typeof outcomeOf>): string {
  switch (written?.outcome) {
    case undefined:
      return "";
    case "answered":
      return `The report is in \`${/^wrote \d+ lines? to (.+)$/.exec(written.text)?.[1] ?? reportPath}\`.`;
    case "refused":
      return `I did not write the report: ${written.text}.`;
    case "unknown":
      return `I can't tell whether the report was written: ${written.text}`;
    case "failed":
      return `The report could not be written: ${written.text}`;
  }
}

function lineCount(count: number): string {
  return count === 1 ? "1 line" : `${count} lines`;
}
