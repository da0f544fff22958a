/**
 * The store's port with a point around each write: before it is applied, and after it is durable but before the caller
 * hears.
 *
 * The promise of the store's tells the caller in a later microtask than it tells this file, so nothing of the program
 * runs between "durable" and the point after it.
 */
import type { NewEntry } from "../../protocol/entry.ts";
import type { TaskStore } from "../../store/task-store.ts";
import type { Points } from "./points.ts";

/** Wraps a store; reads pass through unwatched. */
export function watchStore(store: TaskStore, points: Points): TaskStore {
  const around = <Value>(name: string, write: () => Promise<Value>): Promise<Value> =>
    points.around(name, write);
  const { executions } = store;
  return {
    ...store,
    create: (task) => around(`create ${task.task}`, () => store.create(task)),
    commit: (commit) =>
      around(`commit ${commit.task} ${commit.entries.map(nameOf).join(", ")}`, () => store.commit(commit)),
    executions: {
      ...executions,
      acquire: (reference, owner) =>
        around(`acquire ${reference.task}`, () => executions.acquire(reference, owner)),
      release: (reference, fence, park) =>
        around(`release ${reference.task}`, () => executions.release(reference, fence, park)),
      park: (reference, park) => around(`park ${reference.task}`, () => executions.park(reference, park)),
      beat: (owner, at, alone) => around("beat", () => executions.beat(owner, at, alone)),
      retire: (owner, seenAt) => around("retire", () => executions.retire(owner, seenAt)),
      evict: (reference, owner, recovery, at, seenAt) =>
        around(`evict ${reference.task}`, () => executions.evict(reference, owner, recovery, at, seenAt)),
      recordRun: (reference, run) =>
        around(`record run ${reference.task}`, () => executions.recordRun(reference, run)),
      forgotten: (reference) => around(`forgotten ${reference.task}`, () => executions.forgotten(reference)),
    },
  };
}

function nameOf(entry: NewEntry): string {
  if (entry.key !== undefined) return `${entry.kind} ${entry.key}`;
  switch (entry.kind) {
    case "message":
    case "request":
    case "input":
      return `${entry.kind} ${entry.body.id}`;
    case "attempt":
      return `${entry.kind} ${entry.body.step}`;
    default:
      return entry.kind;
  }
}
