/**
 * The folder that a task works on, and the only way in which built-in tools touch files.
 *
 * Owns: confinement. Every path is resolved, compared with the resolved workspace, opened without following a link in
 * its last name, and compared again with what was really opened. Does not own: what a path may look like
 * (`path-form.ts`) or which files are listed (`walk.ts`).
 *
 * Invariants
 * 1. A file is read only if its resolved path lies in the resolved workspace, before and after it was opened.
 * 2. A file is written under a new name in a resolved folder and then renamed: an existing inode is never written to, so
 *    a hard link to a file elsewhere is replaced, not followed, and readers see the old text or the new, never a part.
 * 3. No message contains a path outside the workspace.
 *
 * Node has no `openat`: somebody who runs code on this machine and swaps folders faster than one system call follows
 * another could still make an empty file elsewhere, or with several lucky swaps be read. A model can't: none of the
 * built-in tools makes a link or moves a folder.
 */
import { createHash, randomUUID } from "node:crypto";
import { constants, fstatSync, lstatSync, readFileSync, realpathSync, renameSync } from "node:fs";
import { lstat, mkdir, open, readdir, realpath, rm, type FileHandle } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { OmniForgeError } from "../../protocol/error.ts";
import { codeOf, describeFailure } from "./file-failure.ts";
import { closedName, namesOf } from "./path-form.ts";

/** The beginning of the names of unfinished files, which a process killed in the middle of `write` leaves behind. */
export const unfinishedPrefix = ".omniforge-unfinished-";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** How often an opened file is verified. */
const verifyingRounds = 5;
/** How often a file is opened anew that was replaced just then, as everybody who saves a file does. */
const openings = 100;

export interface Workspace {
  /** The resolved folder. */
  readonly root: string;
  /** A regular file, opened for reading; the caller closes it. Throws PATH_OUTSIDE or TOOL_FAILED. */
  openFile(path: string): Promise<FileHandle>;
  /** Whether anything is there. Throws PATH_OUTSIDE or TOOL_FAILED. */
  exists(path: string): Promise<boolean>;
  /**
   * Puts a text in the place of the file, with its folders, all or nothing. Throws PATH_OUTSIDE or TOOL_FAILED.
   *
   * False where the file is not what the change was made from: nothing was replaced then.
   */
  replaceFile(path: string, text: string, how?: Replacing): Promise<boolean>;
}

export interface Replacing {
  /** Who writes: what an attempt at the same call left behind when it was killed is cleared away. */
  readonly call?: string;
  /** The text that this change was made from: where the file has become another by then, somebody's work would be lost. */
  readonly instead?: string;
}

/** Opens a workspace. Throws TOOL_FAILED when the folder doesn't exist. */
export async function openWorkspace(folder: string): Promise<Workspace> {
  const root = await realpath(folder).catch(() => {
    throw new OmniForgeError("TOOL_FAILED", "the workspace does not exist");
  });
  return {
    root,
    async openFile(path) {
      const names = namesOf(path);
      for (let left = openings; ; left--) {
        try {
          const real = await realpath(join(root, ...names));
          assertInside(root, real, path);
          // Without O_NONBLOCK, opening a named pipe would wait for a writer.
          return await openVerified(root, real, path, O_RDONLY | O_NONBLOCK);
        } catch (error) {
          const replaced = OmniForgeError.is(error) && error.details["replaced"] === true;
          if (left === 1 || !replaced) throw describeFailure(error, path);
        }
      }
    },
    async exists(path) {
      const names = namesOf(path);
      try {
        assertInside(root, await realpath(join(root, ...names)), path);
        return true;
      } catch (error) {
        if (codeOf(error) === "ENOENT") return false;
        throw describeFailure(error, path);
      }
    },
    async replaceFile(path, text, how = {}) {
      const names = namesOf(path);
      const name = names.pop();
      if (name === undefined || path.endsWith("/"))
        throw new OmniForgeError("INVALID_INPUT", `${path} names a folder, not a file`);
      try {
        const target = await resolveTarget(root, join(await makeFolders(root, names, path), name), path);
        return await replaceAtomically(root, target, path, text, how);
      } catch (error) {
        throw describeFailure(error, path);
      }
    },
  };
}

function assertInside(root: string, real: string, path: string): void {
  const inside = relative(root, real);
  const names = inside.split(sep);
  if (isAbsolute(inside) || names[0] === ".." || closedName(names) !== undefined) {
    throw new OmniForgeError("PATH_OUTSIDE", `${path} leads out of the workspace`);
  }
}

/** Opens a resolved path, and proves that what was opened is the file that the resolved path still names. */
async function openVerified(
  root: string,
  real: string,
  path: string,
  flags: number,
  mode?: number,
): Promise<FileHandle> {
  const file = await open(real, flags | O_NOFOLLOW, mode);
  try {
    assertUnmoved(file, real, path);
    assertInside(root, real, path);
    const opened = await file.stat();
    if (opened.isDirectory()) throw new OmniForgeError("TOOL_FAILED", `${path} is a folder`);
    if (!opened.isFile()) throw new OmniForgeError("TOOL_FAILED", `${path} is not a regular file`);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Throws PATH_OUTSIDE unless the resolved path leads to the open file, through no link.
 *
 * Asked several times without letting go of the thread: whoever swaps a folder back and forth has to be lucky between
 * two system calls, each time anew. One round let 8 of 40,000 reads through while a folder was swapped at full speed.
 */
function assertUnmoved(file: FileHandle, real: string, path: string): void {
  const opened = fstatSync(file.fd, { bigint: true });
  for (let round = 0; round < verifyingRounds; round++) {
    const named = lstatSync(real, { bigint: true });
    const led = realpathSync.native(real) !== real;
    if (led || opened.ino !== named.ino || opened.dev !== named.dev) {
      throw new OmniForgeError("PATH_OUTSIDE", `${path} was moved while it was opened`, {
        details: { replaced: !led },
      });
    }
  }
}

/** The resolved folder under these names, made where it is missing; each step is checked before the next is taken. */
async function makeFolders(root: string, names: readonly string[], path: string): Promise<string> {
  let folder = root;
  for (const name of names) {
    const next = join(folder, name);
    if ((await linkOrNothing(next)) === "nothing") {
      await mkdir(next).catch((error: unknown) => {
        if (codeOf(error) !== "EEXIST") throw error;
      });
    }
    folder = await resolveLink(next, path);
    assertInside(root, folder, path);
  }
  return folder;
}

/** The path that a write replaces: the file that a link inside the workspace leads to, else the path itself. */
async function resolveTarget(root: string, target: string, path: string): Promise<string> {
  if ((await linkOrNothing(target)) === "nothing") return target;
  const real = await resolveLink(target, path);
  assertInside(root, real, path);
  const found = await lstat(real);
  if (found.isDirectory()) throw new OmniForgeError("TOOL_FAILED", `${path} is a folder`);
  if (!found.isFile()) throw new OmniForgeError("TOOL_FAILED", `${path} is not a regular file`);
  return real;
}

async function linkOrNothing(path: string): Promise<"something" | "nothing"> {
  try {
    await lstat(path);
    return "something";
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "nothing";
    throw error;
  }
}

/** Where an existing name leads; a link that leads nowhere is refused, because writing through it would create its end. */
async function resolveLink(existing: string, path: string): Promise<string> {
  try {
    return await realpath(existing);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    throw new OmniForgeError("PATH_OUTSIDE", `${path} goes through a link that leads nowhere`);
  }
}

async function replaceAtomically(
  root: string,
  target: string,
  path: string,
  text: string,
  { call = randomUUID(), instead }: Replacing,
): Promise<boolean> {
  const folder = dirname(target);
  const ours = `${unfinishedPrefix}${createHash("sha256").update(call).digest("hex").slice(0, 16)}-`;
  for (const name of await readdir(folder))
    if (name.startsWith(ours)) await rm(join(folder, name), { force: true });
  const mode = await lstat(target).then(
    (found) => found.mode & 0o777,
    () => undefined,
  );
  const unfinished = join(folder, `${ours}${randomUUID()}`);
  const file = await openVerified(root, unfinished, path, O_WRONLY | O_CREAT | O_EXCL, mode ?? 0o666).catch(
    async (error: unknown) => {
      await rm(unfinished, { force: true });
      throw error;
    },
  );
  try {
    // The mask of this process is for new files only.
    if (mode !== undefined) await file.chmod(mode);
    await file.writeFile(text);
    // A result that is in the log must not be lost to a power cut.
    await file.sync();
    if ((await realpath(folder)) !== folder)
      throw new OmniForgeError("PATH_OUTSIDE", `${path} was moved while it was written`);
    // In one go with the rename: whoever changes the same file beside us, in this process, is before it or after it.
    if (instead !== undefined && readNow(target) !== instead) {
      await rm(unfinished, { force: true });
      return false;
    }
    renameSync(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await syncFolder(folder);
  return true;
}

function readNow(target: string): string {
  return readFileSync(target, { encoding: "utf8", flag: O_RDONLY | O_NONBLOCK | O_NOFOLLOW });
}

async function syncFolder(folder: string): Promise<void> {
  // Windows can't open a folder, and makes renames durable itself.
  if (process.platform === "win32") return;
  const handle = await open(folder, O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
