/** Starts the program as a supervisor does: again and again, until it exits by itself. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { tmpdir } from "node:os";
import type { ProgramOptions } from "./program.ts";

const program = fileURLToPath(new URL("program.ts", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

/** One process, below these words of a command line (strace, say), with these options of Node. */
export async function runOnce(
  options: ProgramOptions,
  { under = [], node = [] }: { readonly under?: readonly string[]; readonly node?: readonly string[] } = {},
): Promise<Ended> {
  const words = [
    ...under,
    process.execPath,
    ...node,
    "--conditions=omniforge:source",
    program,
    JSON.stringify(options),
  ];
  const child = spawn(words[0] ?? process.execPath, words.slice(1), {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      NODE_OPTIONS: "",
      NODE_COMPILE_CACHE: join(tmpdir(), "omniforge-faults-compile-cache"),
    },
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr = `${stderr}${text}`.slice(-20_000)));
  await once(child, "close");
  return { code: child.exitCode, signal: child.signalCode, stderr };
}

/** Until it exits with 0; how often it died before. */
export async function supervise(options: ProgramOptions, node: readonly string[] = []): Promise<number> {
  for (let deaths = 0; deaths < 20; deaths++) {
    const { code } = await runOnce(options, { node });
    if (code === 0) return deaths;
  }
  throw new Error("it died twenty times");
}
