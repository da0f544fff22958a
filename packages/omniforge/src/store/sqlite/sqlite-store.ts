/**
 * TaskStore on SQLite: the embedded default, one host, any number of processes.
 *
 * Owns: which rows a commit reads and writes. What a commit means is `decide.ts`'s.
 */
import { OmniForgeError } from "../../protocol/error.ts";
import { specSet } from "../../protocol/agent-spec.ts";
import { entryVersion, type Entry, type NewEntry } from "../../protocol/entry.ts";
import { parseStepKey } from "../../protocol/step-key.ts";
import type { TaskReference } from "../../protocol/task.ts";
import { acceptedIds, append, decide, decidingKeys, emptyHead, firstEntries, idTaken } from "../decide.ts";
import type { KeyStore } from "../key-store.ts";
import type { Commit, CommitResult, NewTask, TaskHead, TaskRow, TaskStore, TurnRead } from "../task-store.ts";
import { Database, type Durability, type Row } from "./database.ts";
import { sqliteExecutions } from "./executions.ts";
import { RecentTurns } from "./recent-turns.ts";
import { sqliteKeys } from "./sqlite-keys.ts";
import { headColumns, kindNumber, toEntry, toLate, toTaskRow } from "./rows.ts";

const everything = 1_000_000;
/** New entries that are looked through for the logs that they belong to. */
const mostGrowth = 20_000;

/** A TaskStore that can be copied while it is written to. */
export interface SqliteStore extends TaskStore {
  /** API keys, in the same file. */
  readonly keys: KeyStore;
  /** Writes a consistent copy into a new file. Throws STORE_FAILED where the file exists or can't be written. */
  backup(to: string): Promise<void>;
}

/** Opens (and creates) the store in one file. Throws STORE_TOO_NEW for data of a newer release. */
export function sqliteStore(path: string, options: { durability?: Durability } = {}): SqliteStore {
  const database = new Database(path, options.durability ?? "power");
  const recent = new RecentTurns();

  const load = ({ tenant, task }: TaskReference): Row | undefined => database.get("taskById", [task, tenant]);
  const idOf = (row: Row): number => Number(row["id"]);
  const entryOrNone = (row: Row | undefined): Entry | undefined =>
    row === undefined ? undefined : toEntry(row);

  /** K1: a key of the current turn is looked up from where the turn began. */
  const byKey = (row: Row, key: string): Entry | undefined => {
    const from = parseStepKey(key).turn >= Number(row["turn"]) ? Number(row["turn_seq"]) : 0;
    const kept =
      from > 0 && row["erased"] !== 1 ? recent.kept(idOf(row), from, Number(row["head_seq"])) : undefined;
    if (kept !== undefined) return kept.find((entry) => entry.seq >= from && entry.key === key);
    return entryOrNone(database.get("entryByKey", [idOf(row), from, key]));
  };

  const firstKeyed = (row: Row, keys: readonly string[]): Entry | undefined => {
    for (const key of keys) {
      const entry = byKey(row, key);
      if (entry !== undefined) return entry;
    }
    return undefined;
  };

  const firstAccepted = (row: Row, ids: readonly string[]): Entry | undefined => {
    for (const id of ids) {
      const entry = entryOrNone(database.get("acceptedEntry", [idOf(row), id]));
      if (entry !== undefined) return entry;
    }
    return undefined;
  };

  function insert(id: number, head: TaskHead, entries: readonly Entry[], accepts: readonly string[]): void {
    for (const entry of entries) {
      database.run("insertEntry", [
        id,
        entry.seq,
        entry.at,
        entry.v,
        kindNumber(entry.kind),
        entry.key ?? null,
        JSON.stringify(entry.body),
      ]);
    }
    for (const one of accepts) database.run("insertAccepted", [id, one, entries[0]?.seq ?? head.headSeq]);
    // A parent waits for its children: their end wakes it, in the same transaction.
    if (head.endedSeq !== null && head.parent !== null) database.run("wakeTask", [head.parent, head.tenant]);
  }

  function apply(commit: Commit): { readonly id?: number; readonly result: CommitResult } {
    const row = load(commit);
    const found = row !== undefined && !(row["erased"] === 1);
    const decision = decide(commit, {
      row: row === undefined ? undefined : toTaskRow(row),
      keyed: found ? firstKeyed(row, decidingKeys(commit)) : undefined,
      accepted: found ? firstAccepted(row, acceptedIds(commit)) : undefined,
    });
    if (row === undefined) return decision;
    if (decision.write !== undefined) {
      const { head, entries, wakes } = decision.write;
      insert(idOf(row), head, entries, acceptedIds(commit));
      database.run("updateHead", [...Object.values(headColumns(head)), wakes ? 1 : 0, idOf(row)]);
    }
    for (const entry of decision.late ?? []) {
      database.run("insertLate", [
        idOf(row),
        commit.at,
        entryVersion,
        entry.key ?? commit.key ?? null,
        kindNumber(entry.kind),
        JSON.stringify(entry.body),
      ]);
    }
    return { id: idOf(row), result: decision.result };
  }

  /** The row, and the entries since its turn began up to the row's own seq: one moment, whatever comes between. */
  function readTurn(row: Row): TurnRead {
    const id = idOf(row);
    const read = (after: number, count: number): readonly Entry[] =>
      database.all("entriesAfter", [id, after, count]).map(toEntry);
    const head = toTaskRow(row);
    const { headSeq, erased } = head;
    const from = Math.max(1, head.turnSeq);
    if (!erased) return { row: head, entries: recent.entries(id, from, headSeq, read) };
    recent.forget(id);
    return { row: head, entries: read(from - 1, headSeq) };
  }

  function create(task: NewTask): { row: TaskRow; created: boolean } {
    const known =
      load(task) ??
      (task.idempotencyKey === undefined
        ? undefined
        : database.get("taskByIdempotencyKey", [task.tenant, task.idempotencyKey]));
    if (known !== undefined) return { row: toTaskRow(known), created: false };
    if (database.get("taskOfAnyTenant", [task.task]) !== undefined) throw idTaken(task);
    if (task.parent !== undefined) {
      const parent = load({ tenant: task.tenant, task: task.parent.task });
      if (parent === undefined || parent["ended_seq"] !== null || parent["cancel_seq"] !== null) {
        throw new OmniForgeError(
          "PARENT_ENDED",
          `task ${task.parent.task} has ended or is being cancelled: it opens no sub-agent`,
        );
      }
    }
    const { head, entries } = append(emptyHead(task), firstEntries(task), task.at);
    const { specHash, loopVersion, engine, root, context, parent, parentKey, depth, workspace, createdAt } =
      head;
    const still = {
      specHash,
      loopVersion,
      engine,
      root,
      context,
      parent,
      parentKey,
      depth,
      workspace,
      createdAt,
    };
    database.run("insertSpecs", [task.specs.hash, JSON.stringify(task.specs.set)]);
    database.run("insertTask", {
      ...headColumns(head),
      ...still,
      task: task.task,
      tenant: task.tenant,
      agent: task.agent,
      idempotencyKey: task.idempotencyKey ?? null,
    });
    // Asked at once: every insert moves it.
    const id = database.lastId();
    insert(id, head, entries, []);
    database.run("insertAccepted", [id, `message:${task.message.id}`, 2]);
    const row = load(task);
    if (row === undefined)
      throw new OmniForgeError("STORE_FAILED", `task ${task.task} was inserted and is not there`);
    return { row: toTaskRow(row), created: true };
  }

  function erase(reference: TaskReference): void {
    const row = load(reference);
    if (row === undefined) throw new OmniForgeError("TASK_NOT_FOUND", `there is no task ${reference.task}`);
    if (row["ended_seq"] === null)
      throw new OmniForgeError("TASK_NOT_ENDED", `task ${reference.task} has not ended: it can't be erased`);
    for (const query of ["eraseEntries", "eraseAccepted", "eraseLate", "eraseTask"])
      database.run(query, [idOf(row)]);
  }

  /** Reads are synchronous inside; the port is asynchronous because other stores are not. */
  const reading = <T>(read: () => T): Promise<T> => new Promise((resolve) => resolve(read()));
  const withRow = <T>(reference: TaskReference, none: T, read: (row: Row) => T): Promise<T> =>
    reading(() => {
      const row = load(reference);
      return row === undefined ? none : read(row);
    });
  /** For who needs to know where a task's entries lie, and nothing of its head. */
  const withKey = <T>({ tenant, task }: TaskReference, none: T, read: (row: Row) => T): Promise<T> =>
    reading(() => {
      const row = database.get("taskKey", [task, tenant]);
      return row === undefined ? none : read(row);
    });

  return {
    create: (task) => database.write(() => create(task)),
    async commit(commit) {
      const { id, result } = await database.write(() => apply(commit));
      if (id === undefined || result.kind !== "committed") return result;
      if (result.head.endedSeq === null) recent.note(id, result.entries);
      else recent.forget(id);
      return result;
    },
    row: (reference) => withRow(reference, undefined, toTaskRow),
    turn: (reference) => withRow(reference, undefined, readTurn),
    read: (reference, after, limit = everything) =>
      withKey(reference, [], (row) => database.all("entriesAfter", [idOf(row), after, limit]).map(toEntry)),
    find: (reference, key) => withKey(reference, undefined, (row) => byKey(row, key)),
    findAccepted: (reference, id) =>
      withKey(reference, undefined, (row) => entryOrNone(database.get("acceptedEntry", [idOf(row), id]))),
    late: (reference) => withKey(reference, [], (row) => database.all("lateOf", [idOf(row)]).map(toLate)),
    specs: (hash) =>
      reading(() => {
        const row = database.get("specsByHash", [hash]);
        return row === undefined ? undefined : specSet.parse(JSON.parse(String(row["body"])));
      }),
    list: ({ tenant, agent, states, parent, root, before, limit }) =>
      reading(() =>
        database
          .all(parent === undefined ? "listTasks" : "listChildren", {
            ...(parent !== undefined && { parent }),
            tenant,
            agent: agent ?? null,
            root: root ?? null,
            before: before ?? null,
            states: states === undefined ? null : JSON.stringify(states),
            limit,
          })
          .map(toTaskRow),
      ),
    recent: ({ tenant, agent, context, states, since, after, limit }) =>
      reading(() => {
        const wanted = {
          tenant,
          agent,
          context: context ?? null,
          states: states === undefined ? null : JSON.stringify(states),
          since: since ?? null,
        };
        const page = { afterTime: after?.updatedAt ?? null, afterTask: after?.task ?? null, limit };
        return {
          rows: database.all("recentTasks", { ...wanted, ...page }).map(toTaskRow),
          total: Number(database.get("countRecent", wanted)?.["total"] ?? 0),
        };
      }),
    erase: (reference) => database.scrub(() => erase(reference)),
    executions: sqliteExecutions(database, (reference, entry: NewEntry, at) => {
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
    version: () => database.version(),
    // A promise all the same: what fails rejects.
    backup: (to) => reading(() => database.copyTo(to)),
    close: () => database.close(),
  };
}
