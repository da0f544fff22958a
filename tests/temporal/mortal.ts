/** A server for one test to kill and to start again, and a folder beside its file; both go when the test is over. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, type TestContext } from "vitest";
import { startServerWithFile, type MortalServer } from "./server.ts";

export interface Mortal {
  readonly server: MortalServer;
  readonly folder: string;
  /** Where the server keeps its data. */
  readonly file: string;
}

/** Skips the test where a server was given. */
export async function openMortal(context: TestContext): Promise<Mortal> {
  const folder = mkdtempSync(join(tmpdir(), "omniforge-server-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "temporal.db");
  const server = await startServerWithFile(file);
  if (server === undefined) return context.skip("a given server is not ours to kill");
  // Finished first: what is opened last.
  onTestFinished(() => server.stop());
  return { server, folder, file };
}
