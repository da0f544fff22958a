/** The thread that writes the write-ahead log back into the database: each message asks for it once, and is answered. */
import { DatabaseSync } from "node:sqlite";
import { parentPort } from "node:worker_threads";

const [path = ""] = process.argv.slice(2);
const database = new DatabaseSync(path);
const checkpoint = database.prepare("pragma wal_checkpoint(passive)");

parentPort?.on("message", () => {
  // Held up by another process's checkpoint, it does nothing: the next one makes up for it.
  checkpoint.get();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
  parentPort?.postMessage("done");
});
