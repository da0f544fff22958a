/**
 * Making sure that what was deleted is in no file of the database any more.
 *
 * Erasing writes zeros over what it deletes, but what a row held before it was changed, and what it left behind where SQLite
 * moved it to another page, is nobody's to delete: only rewriting the file is sure to drop it. And the write-ahead log holds
 * what was written last until it is emptied, which nobody can do while another process reads the database as it was before.
 *
 * Invariant: says so when it could not be done; may be repeated, and killed at any time.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { OmniForgeError } from "../../protocol/error.ts";

/** `read`: somebody reads the database as it was, so its write-ahead log can't be emptied. */
export type Scrubbed =
  | { readonly kind: "clean" }
  | { readonly kind: "read" }
  | { readonly kind: "failed"; readonly why: string };

/**
 * Empties the write-ahead log, after rewriting the whole file where it `rewrites`: tasks run on, but what they write waits
 * as long as that takes. Throws ERASE_INCOMPLETE where others hold it up for longer than this patience, or STORE_FAILED.
 */
export async function scrub(path: string, rewrites: boolean, patienceMs: number): Promise<void> {
  const done = await inThread([path, rewrites ? "yes" : "no", String(patienceMs)]);
  if (done.kind === "clean") return;
  if (done.kind === "failed")
    throw new OmniForgeError("STORE_FAILED", `the database ${path} can't be rewritten: ${done.why}`);
  throw new OmniForgeError(
    "ERASE_INCOMPLETE",
    `what was erased can't be read through OmniForge any more, but is still in ${path} or ${path}-wal: another program has read the database for more than ${patienceMs} ms`,
  );
}

function inThread(argv: string[]): Promise<Scrubbed> {
  const file = new URL(`./scrub-worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url);
  const thread = new Worker(file, { argv });
  return new Promise((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
    // Too late to matter once there is a message; without one, it would be waited for without end.
    thread.once("exit", (code) => reject(new Error(`the thread that scrubs ended with code ${code}`)));
  });
}
