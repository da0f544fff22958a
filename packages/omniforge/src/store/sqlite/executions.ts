/** The scheduling columns on SQLite. */
import type { NewEntry } from "../../protocol/entry.ts";
import type { TaskReference } from "../../protocol/task.ts";
import type { ExecutionStore } from "../task-store.ts";
import type { Database } from "./database.ts";
import { holdLock, isLockHeld, removeLock, type ProcessLock } from "./process-lock.ts";
import { isHome, toReference, toTaskRow } from "../rows.ts";
import type { RecentRows } from "./recent-rows.ts";
import { runnableTasks } from "./runnable-tasks.ts";

/** Stands before every task. */
const beforeAll = { updatedAt: Number.MIN_SAFE_INTEGER, task: "" };

export function sqliteExecutions(
  database: Database,
  rows: RecentRows,
  append: (reference: TaskReference, entry: NewEntry, at: number) => void,
): ExecutionStore {
  const locks = new Map<string, ProcessLock>();
  const lockPath = (owner: string): string => `${database.path}-owners/${encodeURIComponent(owner)}`;
  const named = ({ tenant, task }: TaskReference): { tenant: string; task: string } => ({ tenant, task });
  const hasBeat = (owner: string, seenAt: number | undefined): boolean =>
    seenAt !== undefined && database.get("hasBeat", [owner, seenAt]) !== undefined;
  const reading = <T>(read: () => T): Promise<T> => new Promise((resolve) => resolve(read()));
  return {
    async acquire(reference, owner) {
      const known = await database.write(() =>
        database.run("acquire", { ...named(reference), owner }) === 0 ? undefined : rows.read(reference),
      );
      if (known === undefined) return undefined;
      rows.keep(known);
      return known.row;
    },
    release: (reference, fence, park) =>
      database.write(() => {
        database.run("release", {
          ...named(reference),
          fence,
          wakes: park?.wakes ?? null,
          nextAt: park?.nextAt ?? null,
        });
      }),
    park: (reference, park) =>
      database.write(() => {
        database.run("park", { ...named(reference), wakes: park.wakes, nextAt: park.nextAt ?? null });
      }),
    unwoken: (engine, now, limit) =>
      reading(() => database.all("unwoken", { engine, now, limit }).map(toReference)),
    runnable: (now, limit, held = new Map()) => reading(() => runnableTasks(database, now, limit, held)),
    nextDue: () =>
      reading(() => {
        const due = database.get("nextDue", [])?.["next_at"];
        return typeof due === "number" ? due : undefined;
      }),
    cancelling: (owner) => reading(() => database.all("cancelling", [owner]).map(toReference)),
    ownedBy: (owner) => reading(() => database.all("ownedBy", [owner]).map(toTaskRow)),
    beat(owner, at, alone) {
      if (!locks.has(owner)) locks.set(owner, holdLock(lockPath(owner)));
      return database.write(() => {
        database.run("beat", { owner, at, task: alone?.task ?? null, key: alone?.key ?? null });
      });
    },
    owners: () =>
      reading(() =>
        database.all("owners", []).map((row) => {
          const owner = String(row["owner"]);
          const { alone_task: task, alone_key: key } = row;
          return {
            owner,
            ...(typeof task === "string" && typeof key === "string" && { alone: { task, key } }),
            beatAt: Number(row["beat_at"]),
            dead: !locks.has(owner) && !isLockHeld(lockPath(owner)),
          };
        }),
      ),
    async retire(owner, seenAt) {
      const retired = await database.write(() => {
        if (hasBeat(owner, seenAt)) return false;
        database.run("freeOwned", [owner]);
        database.run("retire", [owner]);
        return true;
      });
      if (!retired) return;
      locks.get(owner)?.release();
      locks.delete(owner);
      // A paused process that was retired still holds its lock, and will need it when it comes back.
      if (!isLockHeld(lockPath(owner))) removeLock(lockPath(owner));
    },
    evict: (reference, owner, recovery, at, seenAt) =>
      database.write(() => {
        if (hasBeat(owner, seenAt) || database.run("evict", { ...named(reference), owner }) === 0)
          return false;
        // Named anew: what is passed is often a whole row, whose fence and turn would be taken for preconditions.
        append(named(reference), recovery, at);
        return true;
      }),
    recordRun: (reference, run) =>
      database.write(() => {
        database.run("recordRun", { ...named(reference), run });
      }),
    taskOfRun: (tenant, run) =>
      reading(() => {
        const found = database.get("taskOfRun", { tenant, run });
        return found && toReference(found);
      }),
    async home(engine, here) {
      if (isHome(database.get("home", [engine]), here)) return here;
      return database.write(() => {
        const known = database.get("home", [engine]);
        const id = String(known?.["id"] ?? here.id);
        if (id !== here.id && database.get("underWay", [engine]) !== undefined)
          return { id, name: String(known?.["name"]) };
        database.run("setHome", [engine, here.id, here.name]);
        return here;
      });
    },
    moveHome: (engine, here) =>
      database.write(() => {
        if (database.get("home", [engine])?.["id"] === here.id) return;
        database.run("setHome", [engine, here.id, here.name]);
        database.run("beginAgain", [engine]);
      }),
    open: (engine, tasks) =>
      reading(() => database.all("open", [JSON.stringify(tasks), engine]).map(toTaskRow)),
    unfinished: (engine, updatedBefore, limit, after = beforeAll) =>
      reading(() =>
        database
          .all("unfinished", {
            engine,
            before: updatedBefore,
            afterTime: after.updatedAt,
            afterTask: after.task,
            limit,
          })
          .map(toTaskRow),
      ),
    orphans: (limit) => reading(() => database.all("orphans", [limit]).map(toReference)),
    toForget: (engine, limit) => reading(() => database.all("toForget", [engine, limit]).map(toReference)),
    forgotten: (reference) =>
      database.write(() => {
        database.run("forgotten", named(reference));
      }),
  };
}
