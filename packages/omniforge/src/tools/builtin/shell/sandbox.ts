/**
 * The walls around a command: bubblewrap where it works, none where it doesn't.
 *
 * Owns: finding out, once in a process and by running it, whether bubblewrap works; and what a command may reach in it. The
 * workspace can be written to, except its .git; .omniforge is empty; everything else can be read only, or not at all where
 * people keep keys; /tmp and /run are private; there is no network unless allowed; the processes are invisible to others
 * and die with the sandbox, which dies with this process. Does not own: limits on memory and the killing (`run-process.ts`).
 */
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { isWithin } from "./environment.ts";

export interface SandboxOptions {
  readonly network: boolean;
  /** Further paths that can be written to. */
  readonly writable: readonly string[];
  /** Further paths that can't be read. */
  readonly hidden: readonly string[];
}

/** In the home folder, where programs keep what opens doors elsewhere. */
const secrets =
  ".ssh .gnupg .aws .azure .kube .docker .netrc .npmrc .pypirc .git-credentials .pgpass .vault-token .password-store .config/gcloud .config/gh .config/git/credentials .config/op .cargo/credentials .cargo/credentials.toml .gem/credentials .local/share/keyrings .mozilla .config/google-chrome .config/chromium .bash_history .zsh_history".split(
    " ",
  );

/** `graceful`: a command can be told to stop before it is killed. */
export type Walls = "none" | "plain" | "graceful";

let found: Walls | undefined;

/** What works here; asked once. */
export function availableWalls(): Walls {
  found ??= (["graceful", "plain"] as const).find((walls) => works(walls)) ?? "none";
  return found;
}

function works(walls: Exclude<Walls, "none">): boolean {
  if (process.platform !== "linux") return false;
  const [program = "", ...rest] = wrapped(["true"], walls, "/usr", {
    network: false,
    writable: [],
    hidden: [],
  });
  // Nothing that asks for a password, hangs or is missing counts as working.
  return spawnSync(program, rest, { stdio: "ignore", timeout: 5_000, killSignal: "SIGKILL" }).status === 0;
}

/** The command inside the walls. */
export function wrapped(
  command: readonly string[],
  walls: Exclude<Walls, "none">,
  workspace: string,
  options: SandboxOptions,
): string[] {
  const { network, writable, hidden } = options;
  // The account's home, and the one that programs are told.
  const homes = [...new Set([homedir(), process.env["HOME"] ?? ""])].filter(isAbsolute);
  const secret = [...homes.flatMap((home) => secrets.map((name) => join(home, name))), ...hidden];
  // oxfmt-ignore
  return [
    "bwrap", "--die-with-parent",
    "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
    ...(network ? [] : ["--unshare-net"]),
    "--cap-drop", "ALL",
    "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/run",
    ...(existsSync("/var/tmp") ? ["--tmpfs", "/var/tmp"] : []),
    ...(network ? nameServers() : []),
    "--bind", workspace, workspace,
    ...protectedWithin(workspace),
    ...writable.filter((path) => existsSync(path)).flatMap((path) => ["--bind", path, path]),
    ...secret.flatMap((path) => hide(path, workspace)),
    "--chdir", workspace, "--",
    // The wrapper ignores the signal, so that bubblewrap survives it; the command gets its meaning back.
    ...(walls === "graceful" ? ["env", "--default-signal=TERM"] : []),
    ...command,
  ];
}

/** Where /etc/resolv.conf leads into /run, which is empty in there. */
function nameServers(): string[] {
  try {
    const real = realpathSync("/etc/resolv.conf");
    return real.startsWith("/run/") ? ["--ro-bind", real, real] : [];
  } catch {
    return [];
  }
}

/** As for the file tools: what runs code when somebody uses git, and other tasks' data, are no part of the workspace. */
function protectedWithin(workspace: string): string[] {
  const data = join(workspace, ".omniforge");
  return [
    ...gitPaths(workspace).flatMap((path) => ["--ro-bind", path, path]),
    ...(kindOf(data) === "folder" ? ["--tmpfs", data, "--remount-ro", data] : []),
  ];
}

/**
 * Where git keeps the repository's configuration and hooks, as far as that is in the workspace. Of a worktree, a submodule
 * and a bare repository beside its worktrees, `.git` is a file that names the folder.
 */
function gitPaths(workspace: string): readonly string[] {
  const git = join(workspace, ".git");
  const [, named] = /^gitdir:\s*(.+?)\s*$/m.exec(textOf(git)) ?? [];
  const folder = named === undefined ? git : resolve(workspace, named);
  const common = resolve(folder, textOf(join(folder, "commondir")).trim());
  return [...new Set([git, folder, common])].filter(
    (path) => path !== workspace && isWithin(path, workspace) && kindOf(path) !== "nothing",
  );
}

/** Nothing where there is no file of a few kB. */
function textOf(file: string): string {
  try {
    const { size } = lstatSync(file);
    return kindOf(file) === "file" && size < 10_000 ? readFileSync(file, "utf8") : "";
  } catch {
    return "";
  }
}

function hide(path: string, workspace: string): string[] {
  // A workspace inside is what the command is for.
  if (isWithin(workspace, path)) return [];
  switch (kindOf(path)) {
    case "folder":
      return ["--tmpfs", path, "--remount-ro", path];
    case "file":
      return ["--ro-bind", "/dev/null", path];
    case "nothing":
      return [];
  }
}

function kindOf(path: string): "folder" | "file" | "nothing" {
  try {
    const at = lstatSync(path);
    // A link can't be mounted on, and what it leads to outside the workspace is read-only anyway.
    if (at.isSymbolicLink()) return "nothing";
    return at.isDirectory() ? "folder" : "file";
  } catch {
    return "nothing";
  }
}
