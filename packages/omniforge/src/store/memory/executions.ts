/** The scheduling columns in memory. */
import type { NewEntry } from "../../protocol/entry.ts";
import type { EngineName, TaskReference } from "../../protocol/task.ts";
import { fairOrder } from "../fair-order.ts";
import type { Commit, CommitResult, EngineHome, ExecutionStore, Owner, TaskRow } from "../task-store.ts";
import type { Stored } from "./memory-store.ts";

export interface Tables {
  readonly all: () => readonly Stored[];
  readonly load: (reference: TaskReference) => Stored | undefined;
  readonly apply: (commit: Commit) => CommitResult;
  readonly write: <T>(perform: () => T) => Promise<T>;
  readonly read: <T>(perform: () => T) => Promise<T>;
  readonly owners: Map<string, Owner>;
}

type Place = Pick<TaskRow, "updatedAt" | "task">;

export const byUpdate = (one: Place, other: Place): number =>
  one.updatedAt - other.updatedAt || (one.task < other.task ? -1 : one.task > other.task ? 1 : 0);

export function memoryExecutions({ all, load, apply, write, read, owners }: Tables): ExecutionStore {
  const change = (
    reference: TaskReference,
    when: (row: TaskRow) => boolean,
    to: (row: TaskRow) => Partial<TaskRow>,
  ): TaskRow | undefined => {
    const stored = load(reference);
    if (stored === undefined || !when(stored.row)) return undefined;
    stored.row = { ...stored.row, ...to(stored.row) };
    return stored.row;
  };
  const open = (): TaskRow[] =>
    all()
      .map(({ row }) => row)
      .filter((row) => row.endedSeq === null);
  const woken = (row: TaskRow): boolean => row.parkedAtWakes === null || row.wakes > row.parkedAtWakes;
  const hasBeat = (owner: string, seenAt: number | undefined): boolean =>
    seenAt !== undefined && (owners.get(owner)?.beatAt ?? seenAt) !== seenAt;
  const reference = ({ tenant, task }: TaskRow): TaskReference => ({ tenant, task });
  const homes = new Map<EngineName, EngineHome>();
  const underWay = (engine: EngineName): TaskRow[] => open().filter((row) => row.engine === engine);
  return {
    acquire: (one, owner) =>
      write(() =>
        change(
          one,
          (row) => row.owner === null && row.endedSeq === null && row.engine === "in-process",
          (row) => ({ owner, fence: row.fence + 1, parkedAtWakes: null, nextAt: null }),
        ),
      ),
    release: (one, fence, park) =>
      write(() => {
        change(
          one,
          (row) => row.fence === fence,
          () => ({ owner: null, parkedAtWakes: park?.wakes ?? null, nextAt: park?.nextAt ?? null }),
        );
      }),
    park: (one, park) =>
      write(() => {
        change(
          one,
          (row) => row.endedSeq === null,
          () => ({ parkedAtWakes: park.wakes, nextAt: park.nextAt ?? null }),
        );
      }),
    unwoken: (engine, now, limit) =>
      read(() =>
        open()
          .filter(
            (row) =>
              row.engine === engine &&
              row.parkedAtWakes !== null &&
              (woken(row) || (row.nextAt !== null && row.nextAt <= now)),
          )
          .slice(0, limit)
          .map(reference),
      ),
    runnable: (now, limit, held = new Map()) =>
      read(() => {
        const isDue = ({ nextAt }: TaskRow): boolean => nextAt !== null && nextAt <= now;
        const may = open().filter(
          (row) => row.engine === "in-process" && row.owner === null && (woken(row) || isDue(row)),
        );
        return fairOrder(
          may.toSorted((one, other) => one.updatedAt - other.updatedAt),
          held,
          limit,
        );
      }),
    nextDue: () =>
      read(() => {
        const resting = open().filter((row) => row.engine === "in-process" && row.owner === null);
        const due = resting.flatMap((row) => row.nextAt ?? []);
        return due.length === 0 ? undefined : Math.min(...due);
      }),
    cancelling: (owner) =>
      read(() =>
        open()
          .filter((row) => row.owner === owner && row.cancelSeq !== null)
          .map(reference),
      ),
    ownedBy: (owner) => read(() => open().filter((row) => row.owner === owner)),
    beat: (owner, at, alone) =>
      write(() => {
        owners.set(owner, { owner, beatAt: at, dead: false, ...(alone && { alone }) });
      }),
    owners: () =>
      read(() => {
        const holders = new Set(open().flatMap(({ owner }) => owner ?? []));
        const silent = [...holders].filter((owner) => !owners.has(owner));
        return [...owners.values(), ...silent.map((owner) => ({ owner, beatAt: 0, dead: false }))];
      }),
    retire: (owner, seenAt) =>
      write(() => {
        if (hasBeat(owner, seenAt)) return;
        for (const { row } of all())
          if (row.owner === owner)
            change(
              row,
              () => true,
              () => ({ owner: null, fence: row.fence + 1 }),
            );
        owners.delete(owner);
      }),
    evict: (one, owner, recovery: NewEntry, at, seenAt) =>
      write(() => {
        if (hasBeat(owner, seenAt)) return false;
        const evicted = change(
          one,
          (row) => row.owner === owner,
          (row) => ({ owner: null, fence: row.fence + 1, parkedAtWakes: null, nextAt: null }),
        );
        if (evicted !== undefined) apply({ tenant: one.tenant, task: one.task, entries: [recovery], at });
        return evicted !== undefined;
      }),
    recordRun: (one, run) =>
      write(() => {
        change(
          one,
          () => true,
          (row) => ({ firstRun: row.firstRun ?? run, currentRun: run }),
        );
      }),
    taskOfRun: (tenant, run) =>
      read(() => {
        const found = all().find(
          ({ row }) => row.tenant === tenant && (row.firstRun === run || row.currentRun === run),
        );
        return found && reference(found.row);
      }),
    home: (engine, here) =>
      write(() => {
        const known = homes.get(engine);
        if (known !== undefined && known.id !== here.id && underWay(engine).length > 0) return known;
        homes.set(engine, here);
        return here;
      }),
    moveHome: (engine, here) =>
      write(() => {
        if (homes.get(engine)?.id === here.id) return;
        homes.set(engine, here);
        for (const row of underWay(engine))
          change(
            row,
            () => true,
            () => ({ firstRun: null, currentRun: null }),
          );
      }),
    open: (engine, tasks) =>
      read(() => open().filter((row) => row.engine === engine && tasks.includes(row.task))),
    unfinished: (engine, updatedBefore, limit, after) =>
      read(() =>
        open()
          .filter((row) => row.engine === engine && row.updatedAt < updatedBefore)
          .filter((row) => after === undefined || byUpdate(after, row) < 0)
          .toSorted(byUpdate)
          .slice(0, limit),
      ),
    orphans: (limit) =>
      read(() => {
        const ended = new Set(
          all()
            .filter(({ row }) => row.endedSeq !== null)
            .map(({ row }) => row.task),
        );
        return open()
          .filter((row) => row.parent !== null && row.cancelSeq === null && ended.has(row.parent))
          .slice(0, limit)
          .map(reference);
      }),
    toForget: (engine, limit) =>
      read(() =>
        all()
          .filter(({ row, toForget }) => row.engine === engine && toForget === true)
          .slice(0, limit)
          .map(({ row }) => reference(row)),
      ),
    forgotten: (one) =>
      write(() => {
        const stored = load(one);
        if (stored !== undefined) stored.toForget = false;
      }),
  };
}
