/** Starts real processes on one database, and reads what they say. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const program = fileURLToPath(new URL("child.ts", import.meta.url));

export interface Child {
  readonly process: ChildProcess;
  /** The lines that it has said so far. */
  readonly said: readonly string[];
  /** Resolves once it has said this many lines. */
  saidAtLeast(lines: number): Promise<void>;
  /** Its exit code, or the signal that ended it; and what it complained of. */
  readonly ended: Promise<{ readonly how: number | string; readonly complaint: string }>;
}

export function start(...given: readonly string[]): Child {
  const child = spawn(process.execPath, ["--conditions=omniforge:source", program, ...given], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said: string[] = [];
  const waiting: { readonly lines: number; readonly resolve: () => void }[] = [];
  const heard = (): void => {
    for (const one of waiting) if (said.length >= one.lines) one.resolve();
  };
  // A last line that was cut off by a kill is no line: it was never said.
  createInterface({ input: child.stdout }).on("line", (line) => {
    said.push(line);
    heard();
  });
  let complaint = "";
  child.stderr.on("data", (data: Buffer) => (complaint += data.toString()));
  const ended = once(child, "close").then(([code, signal]: unknown[]) => {
    for (const one of waiting) one.resolve();
    return { how: typeof code === "number" ? code : String(signal), complaint };
  });
  return {
    process: child,
    said,
    ended,
    saidAtLeast: (lines) =>
      new Promise((resolve) => {
        waiting.push({ lines, resolve });
        heard();
      }),
  };
}

const acknowledged = z.object({ id: z.string(), seq: z.number() });

/** The commits that a process was told are done. */
export function acknowledgedBy({ said }: Child): readonly z.infer<typeof acknowledged>[] {
  return said.flatMap((line) => (line.endsWith("}") ? acknowledged.parse(JSON.parse(line)) : []));
}

/** A folder for one test file's databases. */
export function folder(): { readonly path: (name: string) => string; readonly remove: () => void } {
  const root = mkdtempSync(join(tmpdir(), "omniforge-sqlite-"));
  return { path: (name) => join(root, name), remove: () => rmSync(root, { recursive: true, force: true }) };
}
