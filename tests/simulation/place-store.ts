/** The store as one place sees it: every operation is under way for a while, and may be lost with its place. */
import { OmniForgeError, type SpecSet } from "omniforge/protocol";
import type { Commit, ExecutionStore, TaskStore } from "omniforge/store";
import type { Place, Schedule } from "./schedule.ts";
import { judgeCommit, judgeRelease } from "./rules/store-rules.ts";
import type { Ledger } from "./ledger.ts";
import type { Watch } from "./watch.ts";

/** What all places of one simulation share. */
export interface Shared {
  readonly schedule: Schedule;
  readonly ledger: Ledger;
  readonly watch: Watch;
  readonly specs: Map<string, SpecSet>;
  /** Who runs under which owner's name, as the kernel knows it. */
  readonly owners: Map<string, Place>;
  readonly fenced: boolean;
  /** The next write of a place fails: before it is applied, or after. */
  fault: "before" | "after" | undefined;
}

export interface PlaceOptions {
  /** Whether the simulated disk may be full here. */
  readonly mayFail: boolean;
  readonly fenced: boolean;
}

export function placeStore(shared: Shared, place: Place, { mayFail, fenced }: PlaceOptions): TaskStore {
  const { schedule, watch, specs } = shared;
  const { store } = watch;
  const read = <T>(label: string, perform: () => Promise<T>): Promise<T> =>
    schedule.ask(place, label, perform);
  const write = <T>(label: string, perform: () => Promise<T>, note: () => Promise<void>): Promise<T> =>
    schedule.ask(place, label, async () => {
      const fault = mayFail ? shared.fault : undefined;
      if (fault !== undefined) shared.fault = undefined;
      if (fault === "before") throw broken();
      const result = await perform();
      await note();
      if (fault === "after") throw broken();
      return result;
    });
  return {
    create(task) {
      specs.set(task.specs.hash, task.specs.set);
      return write(
        "create",
        () => store.create(task),
        () => watch.note(task),
      );
    },
    commit: (commit) =>
      write(
        labelOf(commit),
        () => judgeCommit(shared, fenced ? commit : unfenced(commit)),
        () => watch.note(commit),
      ),
    row: (reference) => read("row", () => store.row(reference)),
    turn: (reference) => read("turn", () => store.turn(reference)),
    read: (reference, after, limit) => read("read", () => store.read(reference, after, limit)),
    find: (reference, key) => read("find", () => store.find(reference, key)),
    findAccepted: (reference, id) => read("findAccepted", () => store.findAccepted(reference, id)),
    late: (reference) => read("late", () => store.late(reference)),
    // The very object, so that what is compiled from its schemas is compiled once for all seeds.
    specs: (hash) => read("specs", () => Promise.resolve(specs.get(hash))),
    list: (filter) => read("list", () => store.list(filter)),
    recent: (filter) => read("recent", () => store.recent(filter)),
    erase: (reference, at) =>
      write(
        "erase",
        () => store.erase(reference, at),
        () => watch.note(reference),
      ),
    scrub: (options) => read("scrub", () => store.scrub(options)),
    endedBefore: (before, limit, after) => read("endedBefore", () => store.endedBefore(before, limit, after)),
    executions: placeExecutions(shared, place, read, write),
    version: () => store.version(),
    close: () => Promise.resolve(),
  };
}

type Read = <T>(label: string, perform: () => Promise<T>) => Promise<T>;
type Write = <T>(label: string, perform: () => Promise<T>, note: () => Promise<void>) => Promise<T>;

function placeExecutions(shared: Shared, place: Place, read: Read, write: Write): ExecutionStore {
  const { watch, owners } = shared;
  const { executions } = watch.store;
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    acquire: (one, owner) =>
      write(
        "acquire",
        () => executions.acquire(one, owner),
        () => watch.note(one),
      ),
    release: (one, fence, park) =>
      write(
        "release",
        () => judgeRelease(shared, one, fence, park),
        () => watch.note(one),
      ),
    park: (one, park) =>
      write(
        "park",
        () => executions.park(one, park),
        () => watch.note(one),
      ),
    unwoken: (engine, now, limit) => read("unwoken", () => executions.unwoken(engine, now, limit)),
    runnable: (now, limit, held) => read("runnable", () => executions.runnable(now, limit, held)),
    nextDue: () => read("nextDue", () => executions.nextDue()),
    cancelling: (owner) => read("cancelling", () => executions.cancelling(owner)),
    ownedBy: (owner) => read("ownedBy", () => executions.ownedBy(owner)),
    beat(owner, at) {
      owners.set(owner, place);
      return write("beat", () => executions.beat(owner, at), nothing);
    },
    owners: () =>
      read("owners", async () =>
        (await executions.owners()).map((one) => ({ ...one, dead: owners.get(one.owner)?.state === "dead" })),
      ),
    retire: (owner, seenAt) =>
      write(
        "retire",
        () => executions.retire(owner, seenAt),
        () => watch.noteAll(),
      ),
    evict: (one, owner, recovery, at, seenAt) =>
      write(
        "evict",
        () => executions.evict(one, owner, recovery, at, seenAt),
        () => watch.note(one),
      ),
    recordRun: (one, run) =>
      write(
        "recordRun",
        () => executions.recordRun(one, run),
        () => watch.note(one),
      ),
    toForget: (engine, limit) => read("toForget", () => executions.toForget(engine, limit)),
    forgotten: (one) =>
      write(
        "forgotten",
        () => executions.forgotten(one),
        () => watch.note(one),
      ),
    unfinished: (engine, before, limit, after) =>
      read("unfinished", () => executions.unfinished(engine, before, limit, after)),
    taskOfRun: (tenant, run) => read("taskOfRun", () => executions.taskOfRun(tenant, run)),
    home: (engine, here) => write("home", () => executions.home(engine, here), nothing),
    moveHome: (engine, here) =>
      write(
        "moveHome",
        () => executions.moveHome(engine, here),
        () => watch.noteAll(),
      ),
    open: (engine, tasks) => read("open", () => executions.open(engine, tasks)),
    orphans: (limit) => read("orphans", () => executions.orphans(limit)),
  };
}

/** As on an engine that has no fences. */
function unfenced(commit: Commit): Commit {
  const { fence: _fence, ...rest } = commit;
  return rest;
}

const broken = (): OmniForgeError => new OmniForgeError("STORE_FAILED", "the simulated disk is full");

function labelOf({ entries }: Commit): string {
  const ends = entries.some((entry) => entry.kind === "ended");
  return `commit ${ends ? "ended" : (entries[0]?.kind ?? "nothing")}`;
}
