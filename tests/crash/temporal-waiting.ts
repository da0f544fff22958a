/** A run in which nobody is ever alive at the same time: no worker while a person answers, no person while a worker works. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sqliteStore, type TaskRow, type TaskStore } from "omniforge/store";
import { readLedger } from "../../packages/omniforge/src/testing/crash/ledger.ts";
import { isStill } from "../../packages/omniforge/src/testing/crash/attend.ts";
import { root } from "../../packages/omniforge/src/testing/crash/child-options.ts";
import type { Place } from "../temporal/namespace.ts";
import { startPerson, startWorkerProcess } from "./temporal-processes.ts";
import type { Course } from "./temporal-runs.ts";

export interface Alternating extends Course {
  /** Requests that were answered while no worker was alive. */
  readonly answered: number;
  /** What happened while no worker was alive and should not have. */
  readonly stirred: readonly string[];
}

const patienceMs = 60_000;

/**
 * The person and the workers take turns, and each is killed with SIGKILL before the other starts. `alone`: what happens
 * after an answer, while nobody is alive.
 */
export async function takeTurns(
  place: Place,
  directory: string,
  alone: () => Promise<void> = () => Promise.resolve(),
): Promise<Alternating> {
  const store = sqliteStore(join(directory, "omniforge.db"));
  const stirred: string[] = [];
  let answered = 0;
  const person = async (until: () => Promise<boolean>): Promise<void> => {
    const started = startPerson({ ...place, directory });
    try {
      await holds(until);
    } finally {
      await started.kill();
    }
  };
  try {
    await person(async () => typeof (await store.row(root))?.firstRun === "string");
    for (let process = 0; ; process++) {
      const worker = startWorkerProcess({ ...place, directory, process });
      try {
        await holds(async () => waitsOrEnded(await rowsOf(store)));
      } finally {
        await worker.kill();
      }
      const row = await store.row(root);
      if (row === undefined || row.endedSeq !== null)
        return { kills: process, answered, stirred, person: await startPerson({ ...place, directory }).exit };
      const executed = startsIn(directory);
      await person(async () => ((await store.row(root))?.pending.length ?? 0) < row.pending.length);
      answered++;
      await alone();
      const appended = (await store.read(root, row.headSeq)).map(({ kind }) => kind);
      const news = answered === 1 ? "message, input" : "input";
      if (appended.join(", ") !== news) stirred.push(`answer ${answered} wrote ${appended.join(", ")}`);
      if (startsIn(directory) !== executed) stirred.push(`something was executed`);
    }
  } finally {
    await store.close();
  }
}

const startsIn = (directory: string): number =>
  readLedger(directory).filter(({ phase }) => phase === "start").length;

const rowsOf = (store: TaskStore): Promise<readonly TaskRow[]> =>
  store.list({ tenant: root.tenant, root: root.task, limit: 100 });

function waitsOrEnded(rows: readonly TaskRow[]): boolean {
  return rows.filter((row) => row.endedSeq === null).every(isStill);
}

async function holds(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + patienceMs; !(await condition()); await sleep(10))
    if (Date.now() > end) throw new Error("waited in vain");
}
