/**
 * A task store as a process sees it that may die or stand still: every call passes its lifeline, before and after.
 *
 * A write of a process that died meanwhile is durable or not, as its store decided; the process never hears which.
 */
import type { BlobStore } from "../../store/blob-store.ts";
import type { ExecutionStore, TaskStore } from "../../store/task-store.ts";
import type { Lifeline } from "./lifeline.ts";

/** The owners that this process has named, and those whose process is dead, though the kernel does not know it. */
export interface Owners {
  readonly own: Set<string>;
  readonly dead: ReadonlySet<string>;
}

type Call<Given extends readonly unknown[], Value> = (...given: Given) => Promise<Value>;
type Through = <Given extends readonly unknown[], Value>(call: Call<Given, Value>) => Call<Given, Value>;

/** Makes calls happen only while the process runs, and be heard of only while it runs. */
function through(line: Lifeline): Through {
  return (call) =>
    async (...given) => {
      await line.pass();
      try {
        return await call(...given);
      } finally {
        await line.pass();
      }
    };
}

export function mortalStore(store: TaskStore, line: Lifeline, owners: Owners): TaskStore {
  const pass = through(line);
  return {
    create: pass(store.create.bind(store)),
    commit: pass(async (commit) => {
      line.meet("before", commit.entries, commit.task);
      await line.pass();
      const result = await store.commit(commit);
      if (result.kind === "committed") line.meet("after", commit.entries, commit.task);
      return result;
    }),
    row: pass(store.row.bind(store)),
    turn: pass(store.turn.bind(store)),
    read: pass(store.read.bind(store)),
    find: pass(store.find.bind(store)),
    findAccepted: pass(store.findAccepted.bind(store)),
    late: pass(store.late.bind(store)),
    specs: pass(store.specs.bind(store)),
    list: pass(store.list.bind(store)),
    scrub: pass(store.scrub.bind(store)),
    endedBefore: pass(store.endedBefore.bind(store)),
    recent: pass(store.recent.bind(store)),
    erase: pass(store.erase.bind(store)),
    executions: mortalExecutions(store.executions, line, owners),
    version: () => (line.running ? store.version() : 0),
    close: pass(store.close.bind(store)),
  };
}

function mortalExecutions(executions: ExecutionStore, line: Lifeline, { own, dead }: Owners): ExecutionStore {
  const pass = through(line);
  return {
    acquire: pass(executions.acquire.bind(executions)),
    release: pass(executions.release.bind(executions)),
    park: pass(executions.park.bind(executions)),
    unwoken: pass(executions.unwoken.bind(executions)),
    runnable: pass(executions.runnable.bind(executions)),
    nextDue: pass(executions.nextDue.bind(executions)),
    ownedBy: pass(executions.ownedBy.bind(executions)),
    cancelling: pass(executions.cancelling.bind(executions)),
    beat: pass((owner, ...given) => {
      own.add(owner);
      return executions.beat(owner, ...given);
    }),
    owners: pass(async () =>
      (await executions.owners()).map((one) => (dead.has(one.owner) ? { ...one, dead: true } : one)),
    ),
    retire: pass(executions.retire.bind(executions)),
    evict: pass(executions.evict.bind(executions)),
    recordRun: pass(executions.recordRun.bind(executions)),
    taskOfRun: pass(executions.taskOfRun.bind(executions)),
    home: pass(executions.home.bind(executions)),
    moveHome: pass(executions.moveHome.bind(executions)),
    open: pass(executions.open.bind(executions)),
    unfinished: pass(executions.unfinished.bind(executions)),
    orphans: pass(executions.orphans.bind(executions)),
    toForget: pass(executions.toForget.bind(executions)),
    forgotten: pass(executions.forgotten.bind(executions)),
  };
}

export function mortalBlobs(blobs: BlobStore, line: Lifeline): BlobStore {
  const pass = through(line);
  return {
    put: pass(blobs.put.bind(blobs)),
    get: pass(blobs.get.bind(blobs)),
    list: pass(blobs.list.bind(blobs)),
    remove: pass(blobs.remove.bind(blobs)),
    erase: pass(blobs.erase.bind(blobs)),
  };
}
