/** Starts the program as a real process, again and again, until it has come to its end. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ProgramOptions } from "./program/options.ts";
import type { KillPlan } from "./program/points.ts";

const program = fileURLToPath(new URL("program/main.ts", import.meta.url));
/** Compiled sources are kept between processes: most of a start is compiling. */
const compileCache = join(tmpdir(), "omniforge-crash-compile-cache");
const patienceMs = 30_000;

/** How a process ended. */
export interface Exit {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly stderr: string;
}

/** A running program. */
export interface Started {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
}

/** Starts a TypeScript program with these options; one that takes too long is killed and counts as a failure. */
export function startProgram(path: string, options: object): Started {
  const child = spawn(process.execPath, ["--conditions=omniforge:source", path, JSON.stringify(options)], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache, NODE_OPTIONS: "" },
    timeout: patienceMs,
    killSignal: "SIGABRT",
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const exit = once(child, "close").then((): Exit => ({
    signal: child.signalCode,
    code: child.exitCode,
    stderr,
  }));
  return { child, exit };
}

/** What a run of the program came to: how many of its processes were killed, and how the last one ended. */
export interface Run {
  readonly directory: string;
  readonly kills: number;
  readonly last: Exit;
}

export interface RunOptions {
  readonly directory: string;
  /** Where the first process dies, the second, and so on; those after the last plan are left alone. */
  readonly plans?: readonly KillPlan[];
  readonly durability?: ProgramOptions["durability"];
  readonly eager?: boolean;
  /** Told of every process that starts, to do something to it from outside. */
  readonly onStart?: (child: ChildProcess, process: number) => void;
}

/** Runs the program until a process of it ends by itself, or by something that nobody planned. */
export async function runProgram({
  directory,
  plans = [],
  durability = "process",
  eager = false,
  onStart,
}: RunOptions): Promise<Run> {
  for (let process = 0, kills = 0; ; process++) {
    const kill = plans[process];
    const options: ProgramOptions = { directory, process, durability, eager, ...(kill && { kill }) };
    const { child, exit } = startProgram(program, options);
    onStart?.(child, process);
    const last = await exit;
    if (last.signal !== "SIGKILL") return { directory, kills, last };
    kills++;
  }
}

/** The points that a process of a run passed, in order. */
export function passedPoints(
  directory: string,
  process: number,
): readonly { readonly point: string; readonly hit: number }[] {
  const lines = readFileSync(join(directory, `points-${process}.txt`), "utf8").split("\n");
  return lines.flatMap((line) => {
    const space = line.indexOf(" ");
    return space < 0 ? [] : [{ hit: Number(line.slice(0, space)), point: line.slice(space + 1) }];
  });
}

/** Gives a fresh directory to `use`, and removes it unless `use` throws: what went wrong stays to be looked at. */
export async function inFreshDirectory<Value>(use: (directory: string) => Promise<Value>): Promise<Value> {
  const directory = mkdtempSync(join(tmpdir(), "omniforge-crash-"));
  const value = await use(directory);
  rmSync(directory, { recursive: true, force: true });
  return value;
}
