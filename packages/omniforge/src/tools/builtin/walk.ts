/**
 * The files of a workspace, in the order of their paths.
 *
 * Owns: what is listed: regular files, without `.git`, `node_modules`, `.omniforge` and whatever the folder's
 * `.gitignore` files leave out. Links are not followed, so a walk neither leaves the workspace nor goes in circles.
 *
 * Invariant: two walks of the same files yield the same paths in the same order, on every platform.
 */
import { readdir, realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import ignore, { type Ignore } from "ignore";
import { codeOf, describeFailure } from "./file-failure.ts";
import { closedName } from "./path-form.ts";
import { unfinishedPrefix, type Workspace } from "./workspace.ts";

/** A folder with more files than this is cut short: a tool must end before its timeout. */
const maximumFiles = 100_000;

const maximumIgnoreBytes = 1_000_000;

/** The rules of one `.gitignore`, and the folder (with a final `/`, or empty) that they are relative to. */
interface Rules {
  readonly folder: string;
  readonly rules: Ignore;
}

/**
 * Yields relative paths, separated by `/`. Ends early, by throwing the signal's reason, when it is aborted. `onCut` hears
 * that there are more than are yielded: what is not there may then be elsewhere.
 */
export async function* walk(
  workspace: Workspace,
  signal: AbortSignal,
  onCut: () => void,
): AsyncGenerator<string, void, undefined> {
  let left = maximumFiles;
  for await (const path of walkFolder(workspace, "", [], signal)) {
    if (left-- === 0) return onCut();
    yield path;
  }
}

/** What follows a result of a walk that was cut. */
export const cutNote = `(only the first ${maximumFiles} files of the workspace were looked at)`;

async function* walkFolder(
  workspace: Workspace,
  folder: string,
  inherited: readonly Rules[],
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  signal.throwIfAborted();
  const members = await listFolder(workspace, folder);
  const own = members.some((member) => member.path === `${folder}.gitignore`)
    ? await readRules(workspace, folder)
    : undefined;
  const rules = own === undefined ? inherited : [...inherited, { folder, rules: own }];
  for (const { path, isFolder } of members) {
    if (isIgnored(path, rules)) continue;
    if (isFolder) yield* walkFolder(workspace, path, rules, signal);
    else yield path;
  }
}

interface Member {
  /** With a final `/` for a folder, so that members sort as the paths below them do. */
  readonly path: string;
  readonly isFolder: boolean;
}

async function listFolder(workspace: Workspace, folder: string): Promise<Member[]> {
  const absolute = join(workspace.root, folder);
  try {
    const entries = await readdir(absolute, { withFileTypes: true });
    // A folder that was replaced by a link while it was listed has shown names from elsewhere.
    if ((await realpath(absolute)) !== resolve(absolute)) return [];
    return entries
      .filter((entry) => entry.isDirectory() || entry.isFile())
      .filter(
        ({ name }) =>
          name !== "node_modules" && closedName([name]) === undefined && !name.startsWith(unfinishedPrefix),
      )
      .map((entry) => ({
        path: `${folder}${entry.name}${entry.isDirectory() ? "/" : ""}`,
        isFolder: entry.isDirectory(),
      }))
      .toSorted((one, other) => (one.path < other.path ? -1 : 1));
  } catch (error) {
    // Folders vanish, and some may not be read; both are as good as empty.
    if (["ENOENT", "EACCES", "EPERM", "ENOTDIR", "ENAMETOOLONG"].includes(codeOf(error) ?? "")) return [];
    throw describeFailure(error, folder === "" ? "the workspace" : folder);
  }
}

async function readRules(workspace: Workspace, folder: string): Promise<Ignore | undefined> {
  const file = await workspace.openFile(`${folder}.gitignore`).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    if ((await file.stat()).size > maximumIgnoreBytes) return undefined;
    // As git has it where file systems tell case apart: `build/` leaves BUILD alone.
    return ignore({ allowRelativePaths: true, ignoreCase: false }).add(await file.readFile("utf8"));
  } finally {
    await file.close();
  }
}

/** The deepest file with an opinion decides, as in git. */
function isIgnored(path: string, all: readonly Rules[]): boolean {
  for (const { folder, rules } of all.toReversed()) {
    const { ignored, unignored } = rules.test(path.slice(folder.length));
    if (ignored || unignored) return ignored;
  }
  return false;
}
