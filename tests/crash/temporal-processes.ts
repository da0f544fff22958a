/** Workers, the person and the server of a run on Temporal as real processes. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { CallerOptions, PersonOptions, WorkerOptions } from "./program/temporal-options.ts";
import type { Exit } from "../../packages/omniforge/src/testing/crash/run-processes.ts";

const compileCache = join(tmpdir(), "omniforge-crash-compile-cache");
const alive = new Set<ChildProcess>();
// A test that was cut off leaves no process behind.
process.once("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

export interface Running {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  /** Kills it with SIGKILL and resolves once it is gone. */
  readonly kill: () => Promise<Exit>;
}

export interface Worker extends Running {
  /** When it said that it polls; undefined when it died before. */
  readonly ready: Promise<number | undefined>;
  /** When its first write or execution was seen; undefined when it died before. */
  readonly active: Promise<number | undefined>;
}

export function startPerson(options: PersonOptions): Running {
  return start("temporal-person.ts", options);
}

/** The person who knows nothing but the address of a server. */
export function startCaller(options: CallerOptions): Running {
  return start("temporal-caller.ts", options);
}

export function startWorkerProcess(options: WorkerOptions): Worker {
  const running = start("temporal-worker.ts", options);
  const points = join(options.directory, `points-${options.process}.txt`);
  const { child, exit } = running;
  const gone = exit.then(() => undefined);
  const said = child.stdout === null ? gone : once(child.stdout, "data").then(() => Date.now());
  return { ...running, ready: Promise.race([said, gone]), active: firstSeen(points, exit) };
}

async function firstSeen(file: string, exit: Promise<Exit>): Promise<number | undefined> {
  let over = false;
  void exit.then(() => (over = true));
  for (;;) {
    if (existsSync(file)) return Date.now();
    if (over) return undefined;
    await sleep(5);
  }
}

function start(file: string, options: object): Running {
  const path = fileURLToPath(new URL(`program/${file}`, import.meta.url));
  return launch([path, JSON.stringify(options)]);
}

/** Starts Node with these words. */
export function launch(words: readonly string[], folder?: string): Running {
  const child = spawn(process.execPath, ["--conditions=omniforge:source", ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: folder,
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache, NODE_OPTIONS: "" },
  });
  alive.add(child);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdout.resume();
  const exit = once(child, "close").then((): Exit => {
    alive.delete(child);
    return { signal: child.signalCode, code: child.exitCode, stderr };
  });
  return {
    child,
    exit,
    kill() {
      child.kill("SIGKILL");
      return exit;
    },
  };
}
