/**
 * TaskStore in memory: the same rules (`decide.ts`) over maps, for the simulation and for tests. Nothing survives.
 *
 * Entries are kept as JSON text, as every store keeps them, so that what can't be stored is found out here too.
 */
import type { SpecSet } from "../../protocol/agent-spec.ts";
import type { Entry } from "../../protocol/entry.ts";
import { OmniForgeError } from "../../protocol/error.ts";
import { parseStepKey } from "../../protocol/step-key.ts";
import type { TaskReference } from "../../protocol/task.ts";
import { readEntry } from "../../protocol/upcast.ts";
import {
  acceptedIds,
  append,
  decide,
  decidingKeys,
  emptyHead,
  firstEntries,
  idTaken,
  neverRun,
} from "../decide.ts";
import type {
  Commit,
  CommitResult,
  Creation,
  LateEntry,
  NewTask,
  Owner,
  TaskRow,
  TaskStore,
} from "../task-store.ts";
import { byUpdate, memoryExecutions } from "./executions.ts";

/** One task as it is kept. */
export interface Stored {
  row: TaskRow;
  idempotencyKey: string | undefined;
  entries: {
    readonly seq: number;
    readonly at: number;
    readonly v: number;
    readonly kind: Entry["kind"];
    readonly key: string | null;
    body: string | null;
    /** The entry as it was read from its text; an erased one is read again. */
    parsed?: Entry;
  }[];
  accepted: Map<string, number>;
  late: LateEntry[];
  /** Erased, and its engine may still keep something of it. */
  toForget?: boolean;
}

/** `rule`: what a commit does. Another one than `decide` makes a broken store, for tests that must notice it. */
export function memoryStore(rule: typeof decide = decide): TaskStore {
  const tasks = new Map<string, Stored>();
  const specs = new Map<string, string>();
  const owners = new Map<string, Owner>();
  let version = 0;
  /** Who wrote, entry by entry. */
  const written: string[] = [];

  const load = ({ tenant, task }: TaskReference): Stored | undefined => {
    const stored = tasks.get(task);
    return stored?.row.tenant === tenant ? stored : undefined;
  };
  const byKey = (stored: Stored, key: string): Entry | undefined => {
    const from = parseStepKey(key).turn >= stored.row.turn ? stored.row.turnSeq : 0;
    return firstFrom(stored, (entry) => entry.seq >= from && entry.key === key);
  };
  const bySeq = (stored: Stored, seq: number | undefined): Entry | undefined =>
    seq === undefined ? undefined : firstFrom(stored, (entry) => entry.seq === seq);
  const skillsOf = ({ specHash, agent }: TaskRow): readonly string[] =>
    (JSON.parse(specs.get(specHash) ?? "{}") as Partial<SpecSet>).agents?.[agent]?.skills ?? [];
  const acceptedIn = (stored: Stored, id: string): Entry | undefined =>
    bySeq(stored, stored.accepted.get(id));

  function insert(
    stored: Stored,
    head: Partial<TaskRow>,
    entries: readonly Entry[],
    accepts: readonly string[],
  ): void {
    // Written out before anything changes: what can't be stored leaves no trace.
    const rows = entries.map(({ seq, at, v, kind, key, body }) => ({
      seq,
      at,
      v,
      kind,
      key: key ?? null,
      body: JSON.stringify(body),
    }));
    stored.row = { ...stored.row, ...head };
    stored.entries.push(...rows);
    for (const _ of rows) written.push(stored.row.task);
    const [first] = entries;
    if (first !== undefined) for (const id of accepts) stored.accepted.set(id, first.seq);
    const { endedSeq, parent, tenant } = stored.row;
    if (endedSeq === null || parent === null) return;
    const waiting = load({ tenant, task: parent });
    if (waiting !== undefined) waiting.row = { ...waiting.row, wakes: waiting.row.wakes + 1 };
  }

  function apply(commit: Commit): CommitResult {
    const stored = load(commit);
    const found = stored !== undefined && !stored.row.erased ? stored : undefined;
    const keyed =
      found === undefined
        ? undefined
        : decidingKeys(commit)
            .map((key) => byKey(found, key))
            .find((entry) => entry !== undefined);
    const decision = rule(commit, {
      row: stored?.row,
      keyed,
      accepted:
        found &&
        acceptedIds(commit)
          .map((id) => acceptedIn(found, id))
          .find((entry) => entry !== undefined),
    });
    if (stored === undefined) return decision.result;
    if (decision.write !== undefined) {
      const { head, entries, wakes } = decision.write;
      insert(stored, { ...head, wakes: stored.row.wakes + (wakes ? 1 : 0) }, entries, acceptedIds(commit));
    }
    for (const entry of decision.late ?? [])
      stored.late.push({ key: entry.key ?? commit.key ?? null, at: commit.at, entry });
    return decision.result;
  }

  function create(task: NewTask): Creation {
    const same = ({ row, idempotencyKey }: Stored): boolean =>
      row.tenant === task.tenant && idempotencyKey === task.idempotencyKey;
    const known =
      load(task) ?? (task.idempotencyKey === undefined ? undefined : [...tasks.values()].find(same));
    if (known !== undefined) return { row: known.row, created: false };
    if (tasks.has(task.task)) throw idTaken(task);
    const parent =
      task.parent === undefined ? undefined : load({ tenant: task.tenant, task: task.parent.task });
    if (
      task.parent !== undefined &&
      (parent === undefined || parent.row.endedSeq !== null || parent.row.cancelSeq !== null)
    ) {
      throw new OmniForgeError(
        "PARENT_ENDED",
        `task ${task.parent.task} has ended or is being cancelled: it opens no sub-agent`,
      );
    }
    const { head, entries } = append(emptyHead(task), firstEntries(task), task.at);
    const stored: Stored = {
      row: { ...head, ...neverRun },
      idempotencyKey: task.idempotencyKey,
      entries: [],
      accepted: new Map(),
      late: [],
    };
    specs.set(task.specs.hash, JSON.stringify(task.specs.set));
    tasks.set(task.task, stored);
    insert(stored, {}, entries, []);
    stored.accepted.set(`message:${task.message.id}`, 2);
    return { row: stored.row, created: true, entries };
  }

  function erase(reference: TaskReference): void {
    const stored = load(reference);
    if (stored === undefined)
      throw new OmniForgeError("TASK_NOT_FOUND", `there is no task ${reference.task}`);
    if (stored.row.endedSeq === null)
      throw new OmniForgeError("TASK_NOT_ENDED", `task ${reference.task} has not ended: it can't be erased`);
    for (const entry of stored.entries) {
      entry.body = null;
      delete entry.parsed;
    }
    stored.accepted.clear();
    stored.late = [];
    stored.idempotencyKey = undefined;
    stored.toForget = stored.row.engine !== "in-process";
    stored.row = { ...stored.row, erased: true, pending: [], workspace: null, context: stored.row.root };
  }

  /** Writes one after another, each after a turn of the event loop, as a real store would. */
  const write = async <T>(perform: () => T): Promise<T> => {
    await Promise.resolve();
    version++;
    return perform();
  };
  const read = async <T>(perform: () => T): Promise<T> => {
    await Promise.resolve();
    return perform();
  };
  const entriesAfter = (stored: Stored, after: number, limit = Infinity): Entry[] =>
    stored.entries
      .filter((entry) => entry.seq > after)
      .slice(0, limit)
      .map(toEntry);

  return {
    create: (task) => write(() => create(task)),
    commit: (commit) => write(() => apply(commit)),
    row: (reference) => read(() => load(reference)?.row),
    turn: (reference) =>
      read(() => {
        const stored = load(reference);
        return stored && { row: stored.row, entries: entriesAfter(stored, stored.row.turnSeq - 1) };
      }),
    read: (reference, after, limit) =>
      read(() => {
        const stored = load(reference);
        return stored === undefined ? [] : entriesAfter(stored, after, limit);
      }),
    find: (reference, key) =>
      read(() => {
        const stored = load(reference);
        return stored && byKey(stored, key);
      }),
    findAccepted: (reference, id) =>
      read(() => {
        const stored = load(reference);
        return stored && acceptedIn(stored, id);
      }),
    late: (reference) => read(() => [...(load(reference)?.late ?? [])]),
    specs: (hash) =>
      read(() => {
        const text = specs.get(hash);
        return text === undefined ? undefined : (JSON.parse(text) as SpecSet);
      }),
    list: ({ tenant, agent, states, parent, root, skill, createdFrom, createdBefore, before, limit }) =>
      read(() =>
        [...tasks.values()]
          .map(({ row }) => row)
          .filter(
            (row) =>
              row.tenant === tenant &&
              (agent === undefined || row.agent === agent) &&
              (parent === undefined || row.parent === parent),
          )
          .filter(
            (row) =>
              (root === undefined || row.root === root) &&
              (before === undefined || byAge(before, row) < 0) &&
              (createdFrom === undefined || row.createdAt >= createdFrom) &&
              (createdBefore === undefined || row.createdAt < createdBefore) &&
              (skill === undefined || skillsOf(row).includes(skill)) &&
              (states?.includes(row.state) ?? true),
          )
          .toSorted(byAge)
          .slice(0, limit),
      ),
    recent: ({ tenant, agent, context, states, since, after, limit }) =>
      read(() => {
        const rows = [...tasks.values()]
          .map(({ row }) => row)
          .filter((row) => row.tenant === tenant && row.agent === agent && row.parent === null)
          .filter(
            (row) =>
              (context === undefined || row.context === context) &&
              (states?.includes(row.state) ?? true) &&
              (since === undefined || row.updatedAt >= since),
          )
          .toSorted(byChange);
        const page = after === undefined ? rows : rows.filter((row) => byChange(row, after) > 0);
        return { rows: page.slice(0, limit), total: rows.length };
      }),
    erase: (reference) => write(() => erase(reference)),
    scrub: () => Promise.resolve(),
    endedBefore: (before, limit, after) =>
      read(() =>
        [...tasks.values()]
          .map(({ row }) => row)
          .filter(({ parent, endedSeq, erased }) => parent === null && endedSeq !== null && !erased)
          .filter((row) => row.updatedAt < before && (after === undefined || byUpdate(after, row) < 0))
          .toSorted(byUpdate)
          .slice(0, limit),
      ),
    executions: memoryExecutions({ all: () => [...tasks.values()], load, apply, write, read, owners }),
    grown: (since) =>
      read(() => {
        const mark = String(written.length);
        if (since === undefined) return { mark };
        const names = new Set(written.slice(Number(since)));
        const logs = [...names].flatMap((name) => {
          const row = tasks.get(name)?.row;
          return row === undefined ? [] : [{ tenant: row.tenant, task: row.task, headSeq: row.headSeq }];
        });
        return { mark, logs };
      }),
    version: () => version,
    close: () => Promise.resolve(),
  };
}

/** The last changed first; ids decide between tasks of one moment. */
function byChange(
  one: Pick<TaskRow, "updatedAt" | "task">,
  other: Pick<TaskRow, "updatedAt" | "task">,
): number {
  return other.updatedAt - one.updatedAt || (one.task < other.task ? 1 : one.task > other.task ? -1 : 0);
}

/** The newest first; those of one moment by their id. */
function byAge(one: Pick<TaskRow, "createdAt" | "task">, other: Pick<TaskRow, "createdAt" | "task">): number {
  return other.createdAt - one.createdAt || (one.task < other.task ? 1 : one.task > other.task ? -1 : 0);
}

/** The first entry that fits; only this one is parsed. */
function firstFrom(stored: Stored, fits: (entry: Stored["entries"][number]) => boolean): Entry | undefined {
  const found = stored.entries.find(fits);
  return found && toEntry(found);
}

/** Read from its text once: what can't be stored is found out all the same, and a log is read many times. */
function toEntry(stored: Stored["entries"][number]): Entry {
  stored.parsed ??= readEntry(stored);
  return stored.parsed;
}
