/** The scheduling columns on PostgreSQL. */
import type { TaskReference } from "../../protocol/task.ts";
import { fairOrder } from "../fair-order.ts";
import { isHome, toReference, toTaskRow } from "../rows.ts";
import type { CommitResult, ExecutionStore, Owner } from "../task-store.ts";
import type { Commits } from "./commits.ts";
import type { Ask, Connections } from "./connections.ts";
import { lockClass } from "./migrate.ts";
import type { Presence } from "./presence.ts";

/** Stands before every task. */
const beforeAll = { updatedAt: Number.MIN_SAFE_INTEGER, task: "" };
/** Whoever lives has said so within this time of losing its lock, or of the server's start. Seconds. */
const silenceS = 2;

export function postgresExecutions(
  connections: Connections,
  presence: Presence,
  commits: Commits,
): ExecutionStore {
  const { ask } = connections;
  const named = ({ tenant, task }: TaskReference): TaskReference => ({ tenant, task });
  /** Tells other processes that something may run now. */
  const told = async <T>(write: Promise<T>): Promise<T> => {
    const value = await write;
    presence.wrote([]);
    return value;
  };
  /** Locks the owner's row, so that it can't say that it lives until this is over. */
  const hasBeat = async (asked: Ask, owner: string, seenAt: number | undefined): Promise<boolean> => {
    const [row] = await asked("lockOwner", [owner]);
    return seenAt !== undefined && row !== undefined && Number(row["beat_at"]) !== seenAt;
  };
  return {
    async acquire({ tenant, task }, owner) {
      // Once: taken twice by the same owner would be refused the second time.
      const [row] = await connections.again(
        () => connections.once("acquire", [task, tenant, owner]),
        ({ sent }) => !sent,
      );
      return row && toTaskRow(row);
    },
    async release({ tenant, task }, fence, park) {
      await told(ask("release", [task, tenant, fence, park?.wakes ?? null, park?.nextAt ?? null]));
    },
    async park({ tenant, task }, park) {
      await told(ask("park", [task, tenant, park.wakes, park.nextAt ?? null]));
    },
    unwoken: async (engine, now, limit) => (await ask("unwoken", [engine, now, limit])).map(toReference),
    async runnable(now, limit, held = new Map()) {
      const rows = await ask("runnable", [now, limit]);
      const found = rows.map((row) => ({ ...toReference(row), updatedAt: Number(row["rests_at"]) }));
      return fairOrder(found, held, limit);
    },
    async nextDue() {
      const due = (await ask("nextDue", []))[0]?.["next_at"];
      return typeof due === "number" ? due : undefined;
    },
    cancelling: async (owner) => (await ask("cancelling", [owner])).map(toReference),
    ownedBy: async (owner) => (await ask("ownedBy", [owner])).map(toTaskRow),
    async beat(owner, at, alone) {
      await presence.hold(owner);
      await ask("beat", [owner, at, alone?.task ?? null, alone?.key ?? null]);
    },
    async owners() {
      const rows = await ask("owners", [lockClass, silenceS]);
      return rows.map((row): Owner => {
        const owner = String(row["owner"]);
        const { alone_task: task, alone_key: key } = row;
        return {
          owner,
          ...(typeof task === "string" && typeof key === "string" && { alone: { task, key } }),
          beatAt: Number(row["beat_at"]),
          dead: row["dead"] === 1 && !presence.holds(owner),
        };
      });
    },
    async retire(owner, seenAt) {
      const retired = await connections.again(() =>
        connections.transaction(async (asked) => {
          if (await hasBeat(asked, owner, seenAt)) return false;
          await asked("freeOwned", [owner]);
          await asked("retire", [owner]);
          return true;
        }),
      );
      if (!retired) return;
      await presence.letGo(owner);
      presence.wrote([]);
    },
    async evict(reference, owner, recovery, at, seenAt) {
      const made = await connections.again(
        () =>
          connections.transaction(async (asked): Promise<CommitResult | undefined> => {
            if (await hasBeat(asked, owner, seenAt)) return undefined;
            const { tenant, task } = reference;
            if ((await asked("evict", [task, tenant, owner])).length === 0) return undefined;
            // Named anew: what is passed is often a whole row, whose fence and turn would be taken for preconditions.
            return commits.applyLocked(asked, { ...named(reference), entries: [recovery], at });
          }),
        // Whether it came about is seen when owners are looked at again.
        ({ sent }) => !sent,
      );
      if (made !== undefined) commits.forget(reference);
      if (made?.kind === "committed") presence.wrote([{ ...named(reference), headSeq: made.head.headSeq }]);
      return made !== undefined;
    },
    async recordRun({ tenant, task }, run) {
      await ask("recordRun", [task, tenant, run]);
    },
    async taskOfRun(tenant, run) {
      const [found] = await ask("taskOfRun", [tenant, run]);
      return found && toReference(found);
    },
    async home(engine, here) {
      if (isHome((await ask("home", [engine]))[0], here)) return here;
      return connections.again(() =>
        connections.transaction(async (asked) => {
          await asked("firstHome", [engine, here.id, here.name]);
          const [known] = await asked("lockHome", [engine]);
          const id = String(known?.["id"]);
          if (id !== here.id && (await asked("underWay", [engine])).length > 0)
            return { id, name: String(known?.["name"]) };
          await asked("setHome", [engine, here.id, here.name]);
          return here;
        }),
      );
    },
    moveHome: (engine, here) =>
      connections.again(() =>
        connections.transaction(async (asked) => {
          const [known] = await asked("lockHome", [engine]);
          if (known?.["id"] === here.id) return;
          await asked("setHome", [engine, here.id, here.name]);
          await asked("beginAgain", [engine]);
        }),
      ),
    open: async (engine, tasks) => (await ask("open", [engine, tasks])).map(toTaskRow),
    unfinished: async (engine, updatedBefore, limit, after = beforeAll) =>
      (await ask("unfinished", [engine, updatedBefore, after.updatedAt, after.task, limit])).map(toTaskRow),
    orphans: async (limit) => (await ask("orphans", [limit])).map(toReference),
    toForget: async (engine, limit) => (await ask("toForget", [engine, limit])).map(toReference),
    async forgotten({ tenant, task }) {
      await ask("forgotten", [task, tenant]);
    },
  };
}
