/** Planted: an engine that believes after a restart that the last reply was never given, and asks the model again. */
import { onFaultyStore } from "./faulty-engine.ts";

export default onFaultyStore((store) => {
  let hasAsked = false;
  return {
    ...store,
    async turn(reference) {
      const read = await store.turn(reference);
      if (read === undefined || hasAsked) return read;
      const [first, ...more] = read.entries.filter(({ kind }) => kind !== "recovery");
      if (first?.kind !== "reply" || more.length > 0) return read;
      return { row: { ...read.row, turn: read.row.turn - 1 }, entries: [] };
    },
    commit(commit) {
      hasAsked ||= commit.entries[0]?.kind === "reply";
      return store.commit(commit);
    },
  };
});
