/** Starts the child as a real process, again and again, each killed as planned, until one has come to its end. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ChildOptions } from "./child-options.ts";
import type { Kill } from "./kill-plan.ts";
import { tracedBy } from "./system-calls.ts";

const here = new URL(import.meta.url);
const childPath = fileURLToPath(new URL(`child${extname(here.pathname)}`, here));
/** Compiled sources are kept between processes: most of a start is compiling. */
const compileCache = join(tmpdir(), "omniforge-crash-compile-cache");

/** How a process ended. */
export interface Exit {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly stderr: string;
}

/** A running process. */
export interface Started {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
}

export interface StartOptions {
  /** Given to Node before the program's path, such as what loads TypeScript. */
  readonly nodeArguments?: readonly string[];
  /** A process that runs for longer is ended, and counts as a failure. Default two minutes. */
  readonly patienceMs?: number;
  /** A command that starts Node and watches it. */
  readonly under?: readonly string[];
}

/** Whoever runs OmniForge's sources starts children that run them too. */
const sourceArguments = extname(here.pathname) === ".ts" ? ["--conditions=omniforge:source"] : [];

/** Starts a program with these options as its one argument. */
export function startProcess(path: string, options: object, how: StartOptions = {}): Started {
  const { nodeArguments = [], patienceMs = 120_000, under = [] } = how;
  const node = [process.execPath, ...sourceArguments, ...nodeArguments, path, JSON.stringify(options)];
  const [command = process.execPath, ...given] = [...under, ...node];
  const child = spawn(command, given, {
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

/** A run that has come to its end: how many of its processes were killed, and how the last one ended. */
export interface Run {
  readonly kills: number;
  readonly last: Exit;
}

export interface RunOptions extends StartOptions, Pick<ChildOptions, "program" | "directory"> {
  /** Where the first process dies, the second, and so on; those after the last are left alone. */
  readonly kills?: readonly Kill[];
  readonly durability?: ChildOptions["durability"];
  readonly eager?: boolean;
}

/** Runs processes until one ends by itself, or by something that nobody planned. */
export async function runProcesses({ kills = [], ...options }: RunOptions): Promise<Run> {
  const { program, directory, durability = "process", eager = false, ...how } = options;
  for (let number = 0; ; number++) {
    const kill = kills[number];
    const child: ChildOptions = {
      program,
      directory,
      process: number,
      durability,
      eager,
      ...(kill && { kill }),
    };
    const under = kill !== undefined && "systemCall" in kill ? tracedBy(kill) : undefined;
    const started = startProcess(childPath, child, { ...how, ...(under && { under }) });
    const timer =
      kill !== undefined && !("moment" in kill) && "afterMs" in kill
        ? setTimeout(() => started.child.kill("SIGKILL"), kill.afterMs)
        : undefined;
    const last = await started.exit;
    clearTimeout(timer);
    if (last.signal !== "SIGKILL") return { kills: number, last };
  }
}

/** Gives a fresh directory to `use`, and removes it unless `use` throws: what went wrong stays to be looked at. */
export async function inFreshDirectory<Value>(use: (directory: string) => Promise<Value>): Promise<Value> {
  const directory = mkdtempSync(join(tmpdir(), "omniforge-crash-"));
  const value = await use(directory);
  rmSync(directory, { recursive: true, force: true });
  return value;
}
