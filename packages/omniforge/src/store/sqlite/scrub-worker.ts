/**
 * The thread in which a database file is rewritten and its write-ahead log emptied: neither holds up the event loop.
 *
 * Patience is short where waiting keeps writers out (emptying the log holds their lock), and long where it does not.
 */
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort } from "node:worker_threads";
import type { Scrubbed } from "./scrub.ts";

const [path = "", rewrites = "", patienceMs = ""] = process.argv.slice(2);
const lockMs = 20;
const betweenMs = 50;

async function scrub(database: DatabaseSync): Promise<Scrubbed> {
  const deadline = Date.now() + Number(patienceMs);
  database.exec("pragma secure_delete = on; pragma synchronous = full");
  if (rewrites === "yes") {
    database.exec(`pragma busy_timeout = ${patienceMs}`);
    database.exec("vacuum");
  }
  database.exec(`pragma busy_timeout = ${lockMs}`);
  for (;;) {
    if (database.prepare("pragma wal_checkpoint(truncate)").get()?.["busy"] === 0) return { kind: "clean" };
    if (Date.now() > deadline) return { kind: "read" };
    await sleep(betweenMs);
  }
}

function isBusy(thrown: unknown): boolean {
  return thrown instanceof Error && "errcode" in thrown && (Number(thrown.errcode) & 0xff) === 5;
}

async function outcome(): Promise<Scrubbed> {
  const database = new DatabaseSync(path);
  try {
    return await scrub(database);
  } catch (thrown) {
    if (isBusy(thrown)) return { kind: "read" };
    return { kind: "failed", why: thrown instanceof Error ? thrown.message : String(thrown) };
  } finally {
    database.close();
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
parentPort?.postMessage(await outcome());
