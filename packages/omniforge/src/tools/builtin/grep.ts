/** `grep`: the lines that contain a word or match a regular expression, or how many each file has. */
import { z } from "zod";
import { OmniForgeError } from "../../protocol/error.ts";
import { defineTool } from "../tool.ts";
import { counted, cutText, isBinary } from "./file-text.ts";
import { globPattern } from "./glob-pattern.ts";
import type { Hit } from "./hits.ts";
import { expressionMatcher, wordMatcher, type Matcher } from "./matcher.ts";
import { cutNote, walk } from "./walk.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

const maximumHits = 200;
const maximumShownUnits = 200;
const maximumBytes = 1_000_000;
const timeLimitMs = 20_000;

const parameters = z.strictObject({
  pattern: z.string().min(1).max(1000).describe("The text to look for, as it stands unless regex is true"),
  regex: z
    .boolean()
    .optional()
    .describe("The pattern is a JavaScript regular expression, tried on each line"),
  ignoreCase: z.boolean().optional(),
  files: z.string().min(1).optional().describe("Only files that match this pattern, such as **/*.ts"),
  counts: z.boolean().optional().describe("Show how many lines match in each file instead of the lines"),
});

/** Searches text files up to 1 MB in the order of their paths; `counts` puts the file with most first. */
export const grepTool = defineTool({
  name: "grep",
  description:
    "Finds lines in the workspace's text files. Ignored and binary files and files over 1 MB are left out.",
  parameters,
  effects: "none",
  async execute({ pattern, regex, ignoreCase = false, files, counts }, { workspace, signal }) {
    const limit = AbortSignal.timeout(timeLimitMs);
    const until = AbortSignal.any([signal, limit]);
    const included = files === undefined ? () => true : globPattern(files);
    const matcher =
      regex === true ? expressionMatcher(pattern, ignoreCase, until) : wordMatcher(pattern, ignoreCase);
    try {
      let cut = "";
      const opened = await openWorkspace(workspace);
      const paths = walk(opened, until, () => (cut = `\n${cutNote}`));
      const found = await search(opened, batches(paths, included), matcher);
      if (found.length === 0) return `no line matches ${pattern}${cut}`;
      return `${counts === true ? showCounts(found) : showLines(found)}${cut}`;
    } catch (error) {
      if (signal.aborted || !limit.aborted) throw error;
      const seconds = timeLimitMs / 1000;
      throw new OmniForgeError(
        "TOOL_TIMEOUT",
        `the search took more than ${seconds} s: use a simpler pattern, or name the files`,
      );
    } finally {
      await matcher.close();
    }
  },
});

interface Found {
  readonly path: string;
  readonly count: number;
  readonly hits: readonly Hit[];
}

async function search(
  workspace: Workspace,
  some: AsyncIterable<readonly string[]>,
  matcher: Matcher,
): Promise<Found[]> {
  const found: Found[] = [];
  let room = maximumHits;
  for await (const paths of some) {
    const texts = await Promise.all(paths.map((path) => readText(workspace, path)));
    for (const [index, path] of paths.entries()) {
      const text = texts[index];
      const hits = text === undefined ? [] : await matcher.match(text);
      if (hits.length === 0) continue;
      // Lines that are not shown are counted only, so that a common word does not fill the memory.
      found.push({ path, count: hits.length, hits: hits.slice(0, room) });
      room = Math.max(0, room - hits.length);
    }
  }
  return found;
}

/** Files to be read at the same time: reading is mostly waiting, and order is kept. */
async function* batches(
  paths: AsyncIterable<string>,
  included: (path: string) => boolean,
): AsyncGenerator<string[], void, undefined> {
  let batch: string[] = [];
  for await (const path of paths) {
    if (included(path)) batch.push(path);
    if (batch.length === 16) {
      yield batch;
      batch = [];
    }
  }
  yield batch;
}

/** The text of a file that is small enough and is text; a file that vanished or may not be read counts as neither. */
async function readText(workspace: Workspace, path: string): Promise<string | undefined> {
  const file = await workspace.openFile(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    if ((await file.stat()).size > maximumBytes) return undefined;
    const bytes = await file.readFile();
    return isBinary(bytes) ? undefined : new TextDecoder().decode(bytes);
  } finally {
    await file.close();
  }
}

function showLines(found: readonly Found[]): string {
  const lines = found.flatMap(({ path, hits }) =>
    hits.map((hit) => `${path}:${hit.line}: ${cutText(hit.text.trim(), maximumShownUnits)}`),
  );
  const total = totalOf(found);
  if (total > lines.length)
    lines.push(
      `(the first ${lines.length} of ${counted(total, "line")} in ${counted(found.length, "file")})`,
    );
  return lines.join("\n");
}

function showCounts(found: readonly Found[]): string {
  const most = found.toSorted((one, other) => other.count - one.count || (one.path < other.path ? -1 : 1));
  const lines = most.slice(0, maximumHits).map(({ path, count }) => `${path}: ${count}`);
  lines.push(
    `(${counted(totalOf(found), "line")} in ${counted(found.length, "file")}${found.length > maximumHits ? `; the first ${maximumHits} files are shown` : ""})`,
  );
  return lines.join("\n");
}

function totalOf(found: readonly Found[]): number {
  return found.reduce((sum, { count }) => sum + count, 0);
}
