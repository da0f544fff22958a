/** Flaws: rules of writing that let something through, and stores that forget or hide something. */
import type { Entry, EntryKind } from "omniforge/protocol";
import type { Commit, CommitResult, TaskRow, TaskStore } from "omniforge/store";
import {
  append,
  decide,
  type CommitFacts,
  type Decision,
} from "../../packages/omniforge/src/store/decide.ts";

export type Rule = typeof decide;

/** Writes whatever it is given. */
export function write(commit: Commit, { row }: CommitFacts): Decision {
  if (row === undefined) return { result: { kind: "missing" } };
  const made = append(row, commit.entries, commit.at);
  return { result: { kind: "committed", ...made }, write: { ...made, wakes: commit.accepts !== undefined } };
}

/** The rule, but for what it refuses as one of these. */
export function without(...kinds: readonly CommitResult["kind"][]): Rule {
  return (commit, facts) => {
    const decision = decide(commit, facts);
    return kinds.includes(decision.result.kind) ? write(commit, facts) : decision;
  };
}

/** A store that says it has written entries of this kind, and has not. */
export function forgetting(kind: EntryKind): (store: TaskStore) => TaskStore {
  return changing(
    (commit) => ({ ...commit, entries: commit.entries.filter((one) => one.kind !== kind) }),
    (commit) => commit.entries.every((one) => one.kind === kind),
  );
}

/** A store that is told something else than its callers say; `skips`: is told nothing, and says that it was. */
export function changing(
  change: (commit: Commit) => Commit,
  skips: (commit: Commit) => boolean = () => false,
): (store: TaskStore) => TaskStore {
  return (store) => ({
    ...store,
    async commit(commit) {
      const row = await store.row(commit);
      if (skips(commit) && row !== undefined) return { kind: "committed", head: row, entries: [] };
      return store.commit(change(commit));
    },
  });
}

/** A store that shows its rows differently. */
export function showing(change: (row: TaskRow) => TaskRow): (store: TaskStore) => TaskStore {
  return (store) => ({
    ...store,
    async row(reference) {
      const row = await store.row(reference);
      return row && change(row);
    },
    async turn(reference) {
      const read = await store.turn(reference);
      return read && { ...read, row: change(read.row) };
    },
  });
}

/** A store that shows its entries differently. */
export function reading(change: (entry: Entry) => Entry): (store: TaskStore) => TaskStore {
  return (store) => ({
    ...store,
    async turn(reference) {
      const read = await store.turn(reference);
      return read && { ...read, entries: read.entries.map(change) };
    },
    read: async (...given) => (await store.read(...given)).map(change),
  });
}
