/** Planted: an engine that does not look whether a `once` call has been claimed, and executes it again. */
import { onFaultyStore } from "./faulty-engine.ts";

export default onFaultyStore((store) => ({
  ...store,
  async turn(reference) {
    const read = await store.turn(reference);
    return read && { ...read, entries: read.entries.filter(({ kind }) => kind !== "claim") };
  },
  async commit(commit) {
    const [first] = commit.entries;
    if (first?.kind !== "claim") return store.commit(commit);
    const row = await store.row(commit);
    return row === undefined ? { kind: "missing" } : { kind: "committed", head: row, entries: [] };
  },
}));
