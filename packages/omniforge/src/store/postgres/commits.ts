/**
 * Applying commits. What a commit means is `decide.ts`'s; here it is decided on what was read, and written only if the
 * head is still the one that was read.
 *
 * Owns: the one statement that writes, the looks before it, and what is done when the connection is lost in between.
 * Invariants: a commit is written by one statement, which updates (and so locks) the head row under the seq that it was
 * decided on: no transaction stays open while this process thinks, or stands still. Whoever misses locks the row first. A
 * commit whose connection was lost is looked for by its mark, under the lock, before it is decided again.
 */
import { entryVersion, type Entry } from "../../protocol/entry.ts";
import { parseStepKey } from "../../protocol/step-key.ts";
import type { TaskReference } from "../../protocol/task.ts";
import { acceptedIds, decide, decidingKeys, type CommitFacts, type Decision } from "../decide.ts";
import { toTaskRow } from "../rows.ts";
import type { Commit, CommitResult, TaskRow } from "../task-store.ts";
import type { Ask, Connections } from "./connections.ts";
import { isTaken, Lost } from "./failures.ts";
import type { KnownTurn, KnownTurns } from "./known-turns.ts";
import { changedColumns, columnsOf, drawMark, entryBeside } from "./rows.ts";

type Write = NonNullable<Decision["write"]>;
type Committed = Extract<CommitResult, { kind: "committed" }>;

/** A commit on its way. */
interface Passage {
  readonly commit: Commit;
  readonly mark: number;
  /** What was sent and may have come about: at which task's number, and what it would have been. */
  readonly unsure: { readonly id: number; readonly from: number; readonly result: CommitResult }[];
  /** The head was not the one that was read. */
  missed: boolean;
}

interface Read extends CommitFacts {
  readonly id: number;
  readonly row: TaskRow;
}

export class Commits {
  readonly #connections: Connections;
  readonly #known: KnownTurns;
  readonly #wrote: (commit: Committed) => void;
  readonly #once: Ask;
  /** One commit at a time to each task: those of one process would only miss one another. */
  readonly #turnstile = new Map<string, Promise<unknown>>();

  constructor(connections: Connections, known: KnownTurns, wrote: (commit: Committed) => void) {
    this.#connections = connections;
    this.#once = (name, values) => connections.once(name, values);
    this.#known = known;
    this.#wrote = wrote;
  }

  /** Throws STORE_UNREACHABLE where the server was away for longer than it is waited for. */
  async apply(commit: Commit): Promise<CommitResult> {
    const { task } = commit;
    const before = this.#turnstile.get(task) ?? Promise.resolve();
    const mine = before.then(() => this.#pass(commit));
    const settled = mine.catch(() => undefined);
    this.#turnstile.set(task, settled);
    try {
      const result = await mine;
      // Only now: what is kept has been committed.
      if (result.kind === "committed") this.#learn(result);
      if (result.kind === "committed") this.#wrote(result);
      return result;
    } finally {
      if (this.#turnstile.get(task) === settled) this.#turnstile.delete(task);
    }
  }

  /** One try inside a transaction that holds the row's lock; adds to other statements of it. */
  async applyLocked(ask: Ask, commit: Commit): Promise<CommitResult> {
    const read = await look(ask, commit);
    const decision = decide(commit, read ?? nothingFound);
    if (read !== undefined && decision.write !== undefined)
      await write(ask, read, commit, drawMark(), decision.write);
    return decision.result;
  }

  /** Somebody else changed the task: it is read anew. */
  forget(task: TaskReference): void {
    this.#known.forget(task);
  }

  async #pass(commit: Commit): Promise<CommitResult> {
    const passage: Passage = { commit, mark: drawMark(), unsure: [], missed: false };
    const known = this.#known.get(commit);
    if (known !== undefined && knowsEnough(known, commit)) {
      const result = await this.#attempt(() => this.#writeKnown(passage, known), passage);
      if (result !== undefined) return result;
    }
    for (;;) {
      const result = await this.#connections.again(() =>
        passage.missed || passage.unsure.length > 0 ? this.#underLock(passage) : this.#readAndWrite(passage),
      );
      if (result !== undefined) return result;
    }
  }

  /** The first try, without a look; a connection that was lost leaves the rest to those that follow. */
  async #attempt<T>(work: () => Promise<T>, passage: Passage): Promise<T | undefined> {
    try {
      return await work();
    } catch (thrown) {
      if (!(thrown instanceof Lost)) throw thrown;
      passage.missed = true;
      return undefined;
    }
  }

  /** Decided on what is known: whatever refuses it may be out of date, so that only a commit counts. */
  async #writeKnown(passage: Passage, known: KnownTurn): Promise<CommitResult | undefined> {
    const { commit } = passage;
    const keys = decidingKeys(commit);
    const keyed = known.entries.find(({ key }) => key !== undefined && keys.includes(key));
    const decision = decide(commit, { row: known.row, keyed, accepted: undefined });
    if (decision.write === undefined) return undefined;
    return this.#tryToWrite(this.#once, passage, known, decision);
  }

  async #readAndWrite(passage: Passage): Promise<CommitResult | undefined> {
    return this.#decideAndWrite(this.#once, passage, await look(this.#once, passage.commit));
  }

  /** Nobody else writes meanwhile, and whoever wrote before is seen. */
  async #underLock(passage: Passage): Promise<CommitResult | undefined> {
    const { tenant, task } = passage.commit;
    const sure = passage.unsure.length;
    try {
      const made = await this.#connections.transaction(async (ask) => {
        await ask("lockTask", [task, tenant]);
        for (const { id, from, result } of passage.unsure)
          if ((await ask("marked", [id, from, passage.mark])).length > 0) return result;
        return this.#decideAndWrite(ask, passage, await look(ask, passage.commit));
      });
      return made;
    } catch (thrown) {
      // What was written in a transaction that was undone is not in doubt.
      if (!(thrown instanceof Lost) || !thrown.sent) passage.unsure.length = sure;
      throw thrown;
    }
  }

  async #decideAndWrite(
    ask: Ask,
    passage: Passage,
    read: Read | undefined,
  ): Promise<CommitResult | undefined> {
    const { commit, mark } = passage;
    const decision = decide(commit, read ?? nothingFound);
    if (read === undefined) return decision.result;
    if (decision.write !== undefined) return this.#tryToWrite(ask, passage, read, decision);
    const { late = [] } = decision;
    if (late.length > 0) {
      const [kinds, keys, bodies] = columnsOf(late);
      const named = keys.map((key) => key ?? commit.key ?? null);
      await ask("writeLate", [read.id, commit.at, entryVersion, mark, named, kinds, bodies]);
    }
    return decision.result;
  }

  /** Undefined: the head has moved, or what it accepts has been accepted. */
  async #tryToWrite(
    ask: Ask,
    passage: Passage,
    on: { readonly id: number; readonly row: TaskRow },
    { result, write: writing }: Decision,
  ): Promise<CommitResult | undefined> {
    if (writing === undefined) return result;
    const { commit, mark } = passage;
    const doubt = { id: on.id, from: on.row.headSeq + 1, result };
    passage.unsure.push(doubt);
    try {
      if (await write(ask, on, commit, mark, writing)) return result;
    } catch (thrown) {
      if (thrown instanceof Lost && thrown.sent) throw thrown;
      passage.unsure.splice(passage.unsure.indexOf(doubt), 1);
      if (!isTaken(thrown)) throw thrown;
      this.#known.forget(commit);
      passage.missed = true;
      return undefined;
    }
    passage.unsure.splice(passage.unsure.indexOf(doubt), 1);
    this.#known.forget(commit);
    passage.missed = true;
    return undefined;
  }

  /** Entries that follow what is known are known, too; where something else came between, nothing is. */
  #learn({ head, entries }: Committed): void {
    const known = this.#known.get(head);
    if (known === undefined) return;
    if (known.row.headSeq + 1 !== entries[0]?.seq) return this.#known.forget(head);
    this.#known.keep({ ...known, row: { ...known.row, ...head }, entries: [...known.entries, ...entries] });
  }
}

const nothingFound: CommitFacts = { row: undefined, keyed: undefined, accepted: undefined };

/** Keys of an earlier turn are not kept. */
function knowsEnough({ row }: KnownTurn, commit: Commit): boolean {
  return decidingKeys(commit).every((key) => parseStepKey(key).turn >= row.turn);
}

/** The row and what its keys and ids find, in one round trip. */
async function look(ask: Ask, commit: Commit): Promise<Read | undefined> {
  const keys = decidingKeys(commit);
  const turns = keys.map((key) => parseStepKey(key).turn);
  const rows = await ask("readForCommit", [commit.task, commit.tenant, acceptedIds(commit), keys, turns]);
  const [first] = rows;
  if (first === undefined) return undefined;
  const found = (how: string): Entry | undefined => {
    const row = rows.find((one) => one["how"] === how);
    return row && entryBeside(row);
  };
  return {
    id: Number(first["id"]),
    row: toTaskRow(first),
    keyed: found("keyed"),
    accepted: found("accepted"),
  };
}

/** Whether it was written: not, where the head is another one by now. */
async function write(
  ask: Ask,
  { id, row }: { readonly id: number; readonly row: TaskRow },
  commit: Commit,
  mark: number,
  { head, entries, wakes }: Write,
): Promise<boolean> {
  const written = await ask("writeCommit", [
    id,
    row.headSeq,
    commit.fence ?? null,
    ...changedColumns(head),
    wakes ? 1 : 0,
    entryVersion,
    mark,
    ...columnsOf(entries),
    acceptedIds(commit),
  ]);
  return written.length > 0;
}
