/**
 * One command in a process group of its own, from its start until nothing of it is left.
 *
 * Owns: the group's death. It dies when the command ends, when it is told to (first asked, then killed), and when this
 * process dies in whatever way: a watcher in the group reads from a pipe that only this process holds open, and kills the
 * group when the pipe closes. Does not own: what the command may reach (`sandbox.ts`).
 *
 * Not covered without bubblewrap: a process that leaves the group (setsid), or kills the watcher first.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { collectOutput } from "./output.ts";

export interface ProcessOptions {
  readonly command: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Of each process. */
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly killGraceMs: number;
  readonly maximumBytes: number;
  /** Whether the group's leader must survive being asked to stop, because it stands for the command inside walls. */
  readonly shielded: boolean;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

export interface ProcessResult {
  readonly output: string;
  /** None where a signal ended it. */
  readonly code: number | null;
  readonly endedBy: NodeJS.Signals | null;
  readonly late: boolean;
}

/**
 * Runs before the command, in the group's leader, which then becomes the command. The watcher ignores what asks the group to
 * stop, so that it lives as long as anything in the group does. A limit that can't be set is no reason not to run.
 */
const wrapper = `
exec 2>&1
( trap '' TERM INT HUP; read -r -u 3 _; kill -KILL 0 ) </dev/null >/dev/null &
exec 3<&-
ulimit -c 0
ulimit -d "$1" 2>/dev/null
[ "$2" = shielded ] && trap '' TERM
shift 2
exec "$@"
`;

/** Runs it to its end. Throws the signal's reason when aborted, once the group is dead. */
export async function runProcess(options: ProcessOptions): Promise<ProcessResult> {
  const { command, folder, environment, memoryMb, signal, killGraceMs } = options;
  signal.throwIfAborted();
  const limits = [String(memoryMb * 1024), options.shielded ? "shielded" : "bare"];
  const child = spawn("bash", ["--noprofile", "--norc", "-c", wrapper, "bash", ...limits, ...command], {
    cwd: folder,
    env: environment,
    detached: true,
    // The last is the pipe that the watcher reads from. Nothing is ever written to it.
    stdio: ["ignore", "pipe", "ignore", "pipe"],
  });
  const output = collectOutput(options.maximumBytes);
  const decoder = new TextDecoder();
  child.stdout?.on("data", (chunk: Buffer) => {
    output.add(chunk);
    options.progress(decoder.decode(chunk, { stream: true }));
  });
  const kill = (how: NodeJS.Signals): void => killGroup(child.pid, how);
  let killing: NodeJS.Timeout | undefined;
  const stop = (): void => {
    kill("SIGTERM");
    killing ??= setTimeout(() => kill("SIGKILL"), killGraceMs);
  };
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    stop();
  }, options.timeoutMs);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const closed = once(child, "close");
    // Without a listener of its own, a failure while waiting for the exit would be nobody's.
    closed.catch(() => {});
    await once(child, "exit");
    // Whatever the command left in its group, the watcher included.
    kill("SIGKILL");
    // A process that left the group may hold the pipe open for ever.
    await Promise.race([closed, pause(1_000)]);
    signal.throwIfAborted();
    return { output: output.text(), code: child.exitCode, endedBy: child.signalCode, late };
  } finally {
    clearTimeout(limit);
    clearTimeout(killing);
    signal.removeEventListener("abort", stop);
    child.stdout?.destroy();
    child.stdio[3]?.destroy();
  }
}

function killGroup(leader: number | undefined, how: NodeJS.Signals): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, how);
  } catch {
    // Nothing is left of it.
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
