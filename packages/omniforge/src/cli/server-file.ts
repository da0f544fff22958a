/**
 * How commands find a server that runs on the same data directory: it writes down where it listens. The word
 * of one that was killed stands on; so it counts only while the process lives and answers.
 */
import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** Beside the database. */
const fileName = "server.json";
const written = z.object({ url: z.url(), pid: z.int().positive(), works: z.boolean().default(true) });
const patienceMs = 1_000;

/**
 * Writes down where this process listens, and whether it executes tasks. Returns how to take it back; a later server's word
 * is left alone.
 */
export function announceServer(data: string, url: string, works: boolean): () => void {
  const path = join(data, fileName);
  const text = `${JSON.stringify({ url, pid: process.pid, works })}\n`;
  const draft = `${path}.${randomBytes(4).toString("hex")}`;
  writeFileSync(draft, text, { mode: 0o600 });
  // At once, whole: a reader sees the old word or the new one.
  renameSync(draft, path);
  return () => {
    if (readText(path) === text) rmSync(path, { force: true });
  };
}

/** Where a server listens that lives and answers; undefined: none does. `mustWork`: one that executes tasks, too. */
export async function findServer(data: string, mustWork = false): Promise<string | undefined> {
  const found = written.safeParse(parsed(readText(join(data, fileName))));
  if (!found.success || !isAlive(found.data.pid)) return undefined;
  const { url, works } = found.data;
  if (mustWork && !works) return undefined;
  try {
    const response = await fetch(new URL("/healthz", url), {
      signal: AbortSignal.timeout(patienceMs),
      redirect: "error",
    });
    await response.body?.cancel();
    return response.ok ? url : undefined;
  } catch {
    // Nobody answers: the file is what a killed server left.
    return undefined;
  }
}

/** Whether a process of this number runs; it may be another one by now, so that the answer alone counts for nothing. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown instanceof Error && "code" in thrown && thrown.code === "EPERM";
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined;
    throw thrown;
  }
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
