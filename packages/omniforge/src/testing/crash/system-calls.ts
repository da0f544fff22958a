/**
 * System calls as points: a second source that the harness's own hooks can't hide, seen and hit by strace from outside.
 *
 * strace counts calls by thread and name. The main thread alone writes to the database, so its calls are counted. Only the
 * recording uses the kernel's own filter (`--seccomp-bpf`), which makes it quick: with it strace injects no signal.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { systemCalls, type Kill, type SystemCall } from "./kill-plan.ts";

type SystemCallKill = Extract<Kill, { systemCall: SystemCall }>;

/** Whether processes can be traced here, and if not, why. */
export type Tracing =
  | { readonly possible: true }
  /** `forbidden`: strace is here, and the kernel does not let it. */
  | { readonly possible: false; readonly reason: string; readonly forbidden: boolean };

/** Tries it. */
export function canTrace(): Tracing {
  const tried = spawnSync("strace", ["-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync", "true"], {
    encoding: "utf8",
  });
  if (tried.error !== undefined)
    return { possible: false, reason: `strace can't be run (${tried.error.message})`, forbidden: false };
  if (tried.status === 0) return { possible: true };
  const reason = tried.stderr.trim().split("\n")[0] ?? "";
  return { possible: false, reason, forbidden: /ptrace.*Operation not permitted/i.test(tried.stderr) };
}

/** The command under which a process dies as this call begins. */
export function tracedBy({ systemCall, nth }: SystemCallKill): readonly string[] {
  const inject = `inject=${systemCall}:signal=KILL:when=${nth}`;
  return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", `trace=${systemCall}`, "-e", inject];
}

/** The command that writes every such call of a process to a file. */
export function recordedTo(path: string): readonly string[] {
  return ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-o", path, "-e", `trace=${systemCalls.join(",")}`];
}

/** The calls of the main thread on files of a folder, in order: each is a place to die. */
export function readCalls(path: string, folder: string): readonly SystemCallKill[] {
  const lines = readFileSync(path, "utf8").split("\n");
  const main = lines[0]?.split(/\s+/)[0];
  const counts = new Map<string, number>();
  return lines.flatMap((line) => {
    const found = /^(\d+)\s+(\w+)\(\d+<([^>]*)>/.exec(line);
    if (found === null || found[1] !== main) return [];
    const systemCall = systemCalls.find((name) => name === found[2]);
    if (systemCall === undefined) return [];
    const nth = (counts.get(systemCall) ?? 0) + 1;
    counts.set(systemCall, nth);
    return found[3]?.startsWith(folder) === true ? [{ systemCall, nth }] : [];
  });
}
