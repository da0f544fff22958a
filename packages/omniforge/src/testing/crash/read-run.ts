/** What a run left behind: the tasks' heads and logs, the ledger, and whether the database is sound. */
import { join } from "node:path";
import type { Entry } from "../../protocol/entry.ts";
import { checkIntegrity } from "../../store/sqlite/check-integrity.ts";
import { sqliteStore } from "../../store/sqlite/sqlite-store.ts";
import type { TaskRow, TaskStore } from "../../store/task-store.ts";
import { root } from "./child-options.ts";
import { readLedger, type LedgerLine } from "./ledger.ts";

export interface TaskLeft {
  readonly row: TaskRow;
  readonly entries: readonly Entry[];
}

export interface RunLeft {
  /** By id, parents before their sub-agents. */
  readonly tasks: readonly TaskLeft[];
  readonly ledger: readonly LedgerLine[];
  /** SQLite's own verdict. */
  readonly integrity: string;
}

/** Reads the directory of a run whose processes have all ended; its tasks from another store, where they are kept in one. */
export async function readRun(directory: string, elsewhere?: TaskStore): Promise<RunLeft> {
  const path = join(directory, "omniforge.db");
  const store = elsewhere ?? sqliteStore(path);
  try {
    const rows = await store.list({ tenant: root.tenant, limit: 1000 });
    const sorted = rows.toSorted((one, other) => (one.task < other.task ? -1 : 1));
    const tasks = await Promise.all(sorted.map(async (row) => ({ row, entries: await store.read(row, 0) })));
    return {
      tasks,
      ledger: readLedger(directory),
      integrity: elsewhere === undefined ? checkIntegrity(path) : "ok",
    };
  } finally {
    await store.close();
  }
}
