/**
 * TaskStore on SQLite: the embedded default, one host, any number of processes.
 *
 * Owns: which rows a commit reads and writes. What a commit means is `decide.ts`'s.
 */
import { OmniForgeError } from "../../protocol/error.ts";
import { specSet } from "../../protocol/agent-spec.ts";
import { entryVersion, type Entry, type NewEntry } from "../../protocol/entry.ts";
import { parseStepKey } from "../../protocol/step-key.ts";
import { isTerminal, taskStates, type TaskReference } from "../../protocol/task.ts";
import { acceptedIds, decide, decidingKeys } from "../decide.ts";
import type { KeyStore } from "../key-store.ts";
import type { Commit, CommitResult, TaskStore, TurnRead } from "../task-store.ts";
import { Database, type Durability } from "./database.ts";
import type { Row } from "../rows.ts";
import { sqliteExecutions } from "./executions.ts";
import { RecentRows, type KnownRow } from "./recent-rows.ts";
import { listTasks } from "./list-tasks.ts";
import { RecentTurns } from "./recent-turns.ts";
import { scrub } from "./scrub.ts";
import { sqliteKeys } from "./sqlite-keys.ts";
import { TaskCreation } from "./task-creation.ts";
import { writeEntries } from "./write-entries.ts";
import { headColumns, indexedColumns, kindNumber, toEntry, toLate, toTaskRow } from "../rows.ts";

const everything = 1_000_000;
/** Entries whose content is deleted in one transaction. */
const erasedAtOnce = 1_000;
/** Stands before every task. */
const beforeAll = { updatedAt: Number.MIN_SAFE_INTEGER, task: "" };
/** New entries that are looked through for the logs that they belong to. */
const mostGrowth = 20_000;

/** A TaskStore that can be copied while it is written to. */
export interface SqliteStore extends TaskStore {
  /** API keys, in the same file. */
  readonly keys: KeyStore;
  /** Writes a consistent copy into a new file. Throws STORE_FAILED where the file exists or can't be written. */
  backup(to: string): Promise<void>;
}

export interface SqliteOptions {
  readonly durability?: Durability;
  /** How long others are waited for when what was erased is to leave the files. Default ten seconds. */
  readonly scrubPatienceMs?: number;
}

/** Opens (and creates) the store in one file. Throws STORE_TOO_NEW for data of a newer release. */
export function sqliteStore(path: string, options: SqliteOptions = {}): SqliteStore {
  const database = new Database(path, options.durability ?? "power");
  const rows = new RecentRows(database);
  const turns = new RecentTurns();
  const creation = new TaskCreation(database, rows);

  const entryOrNone = (row: Row | undefined): Entry | undefined =>
    row === undefined ? undefined : toEntry(row);

  /** K1: a key of the current turn is looked up from where the turn began. */
  const byKey = ({ id, row }: KnownRow, key: string): Entry | undefined => {
    const from = parseStepKey(key).turn >= row.turn ? row.turnSeq : 0;
    const kept = from > 0 && !row.erased ? turns.kept(id, from, row.headSeq) : undefined;
    if (kept !== undefined) return kept.find((entry) => entry.seq >= from && entry.key === key);
    return entryOrNone(database.get("entryByKey", [id, from, key]));
  };

  const firstKeyed = (known: KnownRow, keys: readonly string[]): Entry | undefined => {
    for (const key of keys) {
      const entry = byKey(known, key);
      if (entry !== undefined) return entry;
    }
    return undefined;
  };

  const firstAccepted = ({ id: task }: KnownRow, ids: readonly string[]): Entry | undefined => {
    for (const id of ids) {
      const entry = entryOrNone(database.get("acceptedEntry", [task, id]));
      if (entry !== undefined) return entry;
    }
    return undefined;
  };

  function apply(commit: Commit): { readonly known?: KnownRow; readonly result: CommitResult } {
    const known = rows.read(commit);
    const found = known?.row.erased === false ? known : undefined;
    const decision = decide(commit, {
      row: known?.row,
      keyed: found && firstKeyed(found, decidingKeys(commit)),
      accepted: found && firstAccepted(found, acceptedIds(commit)),
    });
    if (known === undefined) return decision;
    const { id, row } = known;
    if (decision.write !== undefined) {
      const { head, entries, wakes } = decision.write;
      writeEntries(database, { id, head, entries, accepts: acceptedIds(commit) });
      const columns = Object.values(headColumns(head));
      const { state, cancelSeq, endedSeq } = row;
      if (!wakes && head.state === state && head.cancelSeq === cancelSeq && head.endedSeq === endedSeq)
        database.run("advanceHead", [...columns, id]);
      else
        database.run("updateHead", [...columns, ...Object.values(indexedColumns(head)), wakes ? 1 : 0, id]);
    }
    for (const entry of decision.late ?? []) {
      database.run("insertLate", [
        id,
        commit.at,
        entryVersion,
        entry.key ?? commit.key ?? null,
        kindNumber(entry.kind),
        JSON.stringify(entry.body),
      ]);
    }
    const wakes = row.wakes + (decision.write?.wakes === true ? 1 : 0);
    return { known: { id, row: { ...row, ...decision.write?.head, wakes } }, result: decision.result };
  }

  /** The row, and the entries since its turn began up to the row's own seq: one moment, whatever comes between. */
  function readTurn({ id, row }: KnownRow): TurnRead {
    const read = (after: number, count: number): readonly Entry[] =>
      database.all("entriesAfter", [id, after, count]).map(toEntry);
    const from = Math.max(1, row.turnSeq);
    if (!row.erased) return { row, entries: turns.entries(id, from, row.headSeq, read) };
    turns.forget(id);
    return { row, entries: read(from - 1, row.headSeq) };
  }

  function toErase(reference: TaskReference): KnownRow {
    const known = rows.read(reference);
    if (known === undefined) throw new OmniForgeError("TASK_NOT_FOUND", `there is no task ${reference.task}`);
    if (known.row.endedSeq === null)
      throw new OmniForgeError("TASK_NOT_ENDED", `task ${reference.task} has not ended: it can't be erased`);
    return known;
  }

  /** In pieces, so that a long log holds nobody up; the head is marked last, so that what was killed is done again. */
  async function erase(reference: TaskReference): Promise<void> {
    const { id, row } = toErase(reference);
    for (let from = 1; from <= row.headSeq; from += erasedAtOnce)
      await database.writeOver(() => database.run("eraseEntries", [id, from, from + erasedAtOnce - 1]));
    await database.writeOver(() => {
      for (const query of ["eraseAccepted", "eraseLate", "eraseTask"]) database.run(query, [id]);
    });
  }

  /** Reads are synchronous inside; the port is asynchronous because other stores are not. */
  const reading = <T>(read: () => T): Promise<T> => new Promise((resolve) => resolve(read()));
  const withRow = <T>(
    reference: TaskReference,
    none: T,
    read: (known: KnownRow) => T,
    rowOf = (): KnownRow | undefined => rows.read(reference),
  ): Promise<T> =>
    reading(() => {
      const known = rowOf();
      if (known === undefined) return none;
      rows.keep(known);
      return read(known);
    });

  return {
    create: (task) => creation.create(task),
    async commit(commit) {
      const { known, result } = await database.write(() => apply(commit));
      if (known === undefined || result.kind !== "committed") return result;
      rows.keep(known);
      if (result.head.endedSeq === null) turns.note(known.id, result.entries);
      else turns.forget(known.id);
      return result;
    },
    row: (reference) => withRow(reference, undefined, ({ row }) => row),
    turn: (reference) => withRow(reference, undefined, readTurn, () => rows.recall(reference)),
    read: (reference, after, limit = everything) =>
      withRow(reference, [], ({ id }) => database.map("entriesAfter", [id, after, limit], toEntry)),
    find: (reference, key) => withRow(reference, undefined, (known) => byKey(known, key)),
    findAccepted: (reference, id) => withRow(reference, undefined, (known) => firstAccepted(known, [id])),
    late: (reference) => withRow(reference, [], ({ id }) => database.all("lateOf", [id]).map(toLate)),
    specs: (hash) =>
      reading(() => {
        const row = database.get("specsByHash", [hash]);
        return row === undefined ? undefined : specSet.parse(JSON.parse(String(row["body"])));
      }),
    list: (filter) => reading(() => listTasks(database, filter)),
    recent: ({ tenant, agent, context, states, since, after, limit }) =>
      reading(() => {
        const wanted = {
          tenant,
          agent,
          context: context ?? null,
          states: states === undefined ? null : JSON.stringify(states),
          since: since ?? null,
        };
        const open = JSON.stringify((states ?? taskStates).filter((state) => !isTerminal(state)));
        const page = { open, afterTime: after?.updatedAt ?? null, afterTask: after?.task ?? null, limit };
        return {
          rows: database.all("recentTasks", { ...wanted, ...page }).map(toTaskRow),
          total: Number(database.get("countRecent", wanted)?.["total"] ?? 0),
        };
      }),
    erase,
    scrub: ({ rewrites }) =>
      database.withoutCheckpoints(() => scrub(path, rewrites, options.scrubPatienceMs ?? 10_000)),
    endedBefore: (before, limit, after = beforeAll) =>
      reading(() => database.all("endedBefore", [before, after.updatedAt, after.task, limit]).map(toTaskRow)),
    executions: sqliteExecutions(database, rows, (reference, entry: NewEntry, at) => {
      apply({ ...reference, entries: [entry], at });
    }),
    keys: sqliteKeys(database),
    grown: (since) =>
      reading(() => {
        const last = Number(database.get("lastEntry", [])?.["last"]);
        const mark = String(last);
        if (since === undefined || last - Number(since) > mostGrowth) return { mark };
        const found = last === Number(since) ? [] : database.all("grownLogs", [Number(since)]);
        return {
          mark,
          logs: found.map((row) => ({
            tenant: String(row["tenant"]),
            task: String(row["task"]),
            headSeq: Number(row["head_seq"]),
          })),
        };
      }),
    probe: () => database.write(() => database.touch()),
    version: () => database.version(),
    // A promise all the same: what fails rejects.
    backup: (to) => reading(() => database.copyTo(to)),
    close: () => database.close(),
  };
}
