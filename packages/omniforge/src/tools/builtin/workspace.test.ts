import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OmniForgeError } from "../../protocol/error.ts";
import { hostilePaths } from "../../../../../tests/corpora/hostile-paths.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

let base: string;
let inside: string;
let outside: string;
let workspace: Workspace;

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "omniforge-workspace-")));
  [inside, outside] = [join(base, "ws"), join(base, "outside")];
  await mkdir(join(inside, "notes"), { recursive: true });
  await mkdir(join(outside, "deep"), { recursive: true });
  // A sibling whose name begins like the workspace's, which a comparison of prefixes would let in.
  await mkdir(join(base, "ws-sibling"));
  for (const folder of [outside, join(outside, "deep"), join(base, "ws-sibling")])
    await writeFile(join(folder, "secret"), "SECRET");
  await writeFile(join(inside, "notes", "a.md"), "inside\n");
  await mkdir(join(inside, ".git"));
  await writeFile(join(inside, ".git", "config"), "SECRET");
  await mkdir(join(inside, ".omniforge"));
  await writeFile(join(inside, ".omniforge", "secret"), "SECRET");
  await symlink(outside, join(inside, "out"));
  await symlink("../outside", join(inside, "relative-out"));
  await symlink(join(outside, "secret"), join(inside, "file-out"));
  await symlink("out", join(inside, "chain-1"));
  await symlink("chain-1", join(inside, "chain-2"));
  await symlink("../../outside", join(inside, "notes", "up"));
  await symlink("notes", join(inside, "in"));
  await symlink("notes/a.md", join(inside, "file-in"));
  await symlink(join(outside, "new-file"), join(inside, "dangling"));
  await symlink(join(outside, "new-folder"), join(inside, "dangling-folder"));
  await symlink("loop-b", join(inside, "loop-a"));
  await symlink("loop-a", join(inside, "loop-b"));
  await symlink(".git", join(inside, "innocent"));
  await symlink("/", join(inside, "rootlink"));
  await symlink("..", join(inside, "parent"));
  workspace = await openWorkspace(inside);
});

afterEach(() => rm(base, { recursive: true, force: true }));

/** Swaps a folder for a link to another and back, as fast as it can, resting long enough for some reads to succeed. */
const swap = `
  const { renameSync, rmSync, symlinkSync, unlinkSync } = require("node:fs");
  const [folder, target] = process.argv.slice(1);
  const rest = new Int32Array(new SharedArrayBuffer(4));
  for (let round = 0; ; round++) {
    try {
      renameSync(folder, folder + "-aside");
      symlinkSync(target, folder);
      unlinkSync(folder);
      renameSync(folder + "-aside", folder);
    } catch {
      // A write came in between and made the folder anew.
      rmSync(folder, { recursive: true, force: true });
      try { renameSync(folder + "-aside", folder); } catch {}
    }
    if (round % 3 === 0) Atomics.wait(rest, 0, 0, 1);
  }`;

const corpus = (): string[] => hostilePaths(inside, outside);

/** Every file outside with its content, and the protected ones inside. */
async function untouchables(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const root of [outside, join(base, "ws-sibling"), join(inside, ".git"), join(inside, ".omniforge")]) {
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      found[path] = entry.isFile() ? await readFile(path, "utf8") : "folder";
    }
  }
  return found;
}

describe("workspace", () => {
  it("lets no path of the corpus read anything outside", async () => {
    expect(new Set(corpus()).size).toBeGreaterThanOrEqual(2000);
    const opened: string[] = [];
    for (const path of corpus()) {
      const failure: unknown = await workspace.openFile(path).catch((error: unknown) => error);
      if (!OmniForgeError.is(failure)) opened.push(path);
    }
    expect(opened).toEqual([]);
  });

  it("lets no path of the corpus write anything outside", async () => {
    const before = await untouchables();
    const siblings = await readdir(base);
    const crashed: string[] = [];
    for (const path of corpus()) {
      const failure: unknown = await workspace.replaceFile(path, "PWNED").catch((error: unknown) => error);
      if (failure !== true && !OmniForgeError.is(failure)) crashed.push(path);
    }
    expect(crashed).toEqual([]);
    expect(await untouchables()).toEqual(before);
    expect(await readdir(base)).toEqual(siblings);
  }, 90_000);

  it("refuses an escape as PATH_OUTSIDE, and names no path outside in saying so", async () => {
    for (const path of [
      "../outside/secret",
      "out/secret",
      "file-out",
      "parent/outside/secret",
      ".git/config",
      "innocent/config",
    ]) {
      const failure: unknown = await workspace.openFile(path).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "PATH_OUTSIDE" });
      expect(String(failure)).not.toContain(base);
    }
    for (const path of ["dangling", "dangling-folder/x", "out/x"]) {
      await expect(workspace.replaceFile(path, "x")).rejects.toMatchObject({ code: "PATH_OUTSIDE" });
    }
  });

  it("follows links that stay inside, for reading and for writing", async () => {
    await using file = await workspace.openFile("in/a.md");
    expect(await file.readFile("utf8")).toBe("inside\n");
    await workspace.replaceFile("file-in", "new\n");
    expect(await readFile(join(inside, "notes/a.md"), "utf8")).toBe("new\n");
    expect((await lstat(join(inside, "file-in"))).isSymbolicLink()).toBe(true);
  });

  it("replaces a hard link to a file elsewhere instead of writing to that file", async () => {
    await link(join(outside, "secret"), join(inside, "hard"));
    await workspace.replaceFile("hard", "mine");
    expect(await readFile(join(outside, "secret"), "utf8")).toBe("SECRET");
    expect(await readFile(join(inside, "hard"), "utf8")).toBe("mine");
  });

  it("answers at once where a named pipe stands", async () => {
    execFileSync("mkfifo", [join(inside, "pipe")]);
    await expect(workspace.openFile("pipe")).rejects.toThrow("pipe is not a regular file");
    await expect(workspace.replaceFile("pipe", "x")).rejects.toThrow("pipe is not a regular file");
  });

  it("clears away what a killed attempt at the same call left, and nobody else's", async () => {
    const left = (call: string): string =>
      `.omniforge-unfinished-${createHash("sha256").update(call).digest("hex").slice(0, 16)}-x`;
    await writeFile(join(inside, left("task/1/tool/0")), "half");
    await writeFile(join(inside, left("task/1/tool/1")), "half");
    await workspace.replaceFile("kept.md", "whole", { call: "task/1/tool/0" });
    const unfinished = (await readdir(inside)).filter((name) => name.startsWith(".omniforge-unfinished"));
    expect(unfinished).toEqual([left("task/1/tool/1")]);
  });

  it("leaves a file its mode, and replaces none that is not what the change was made from", async () => {
    const script = join(inside, "run.sh");
    await writeFile(script, "old");
    await chmod(script, 0o775);
    expect(await workspace.replaceFile("run.sh", "new", { instead: "older" })).toBe(false);
    expect(await readFile(script, "utf8")).toBe("old");
    expect(await workspace.replaceFile("run.sh", "new", { instead: "old" })).toBe(true);
    expect([await readFile(script, "utf8"), (await lstat(script)).mode & 0o777]).toEqual(["new", 0o775]);
    expect((await readdir(inside)).filter((name) => name.startsWith(".omniforge-unfinished"))).toEqual([]);
  });

  it("opens a file that is saved over and over: the old one or the new, and never none", async () => {
    const reads = Array.from({ length: 100 }, async () => {
      await workspace.replaceFile("notes/saved.md", "whole");
      await using file = await workspace.openFile("notes/saved.md");
      return file.readFile("utf8");
    });
    expect(new Set(await Promise.all(reads))).toEqual(new Set(["whole"]));
    await rm(join(inside, "notes/saved.md"));
  });

  it("leaves no unfinished file behind, whether it writes or refuses", async () => {
    await workspace.replaceFile("notes/b.md", "b");
    await workspace.replaceFile("notes", "b").catch(() => undefined);
    await workspace.replaceFile("notes/a.md/x", "b").catch(() => undefined);
    expect((await readdir(join(inside, "notes"))).toSorted()).toEqual(["a.md", "b.md", "up"]);
  });

  it("never leaves the workspace while somebody swaps a folder for a link to the outside", async () => {
    const swapped = join(inside, "swapped");
    await mkdir(swapped);
    await writeFile(join(swapped, "secret"), "mine");
    const swapper = spawn(process.execPath, ["-e", swap, swapped, outside], { stdio: "ignore" });
    const [read, ended] = [new Set<string>(), once(swapper, "exit")];
    for (let round = 0; round < 3000; round++) {
      const file = await workspace.openFile("swapped/secret").catch(() => undefined);
      if (file !== undefined) {
        read.add(await file.readFile("utf8"));
        await file.close();
      }
      if (round % 10 === 0) await workspace.replaceFile("swapped/new", "mine").catch(() => undefined);
    }
    swapper.kill();
    await ended;
    expect([...read]).toEqual(["mine"]);
    expect(await readFile(join(outside, "secret"), "utf8")).toBe("SECRET");
    expect(await readdir(outside)).not.toContain("new");
  });
});
