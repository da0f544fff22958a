/** The transcripts of a place, compared each time with one that is built from the log's first entry. */
import { createTranscripts, type Transcripts } from "omniforge/steps";
import type { TaskRow, TaskStore } from "omniforge/store";
import type { Ledger } from "./ledger.ts";

/** Also tells up to which seq the place has read each task. */
export function checkedTranscripts(store: TaskStore, whole: TaskStore, ledger: Ledger): Transcripts {
  const read = new Map<string, number>();
  const noted: TaskStore = {
    ...store,
    async read(reference, after, limit) {
      const entries = await store.read(reference, after, limit);
      const last = entries.at(-1)?.seq ?? after;
      read.set(reference.task, Math.max(last, read.get(reference.task) ?? 0));
      return entries;
    },
  };
  const transcripts = createTranscripts(noted);
  return {
    async load(row) {
      const loaded = await transcripts.load(row);
      const upTo = read.get(row.task) ?? 0;
      const fresh = await createTranscripts(until(whole, upTo)).load(fromTheStart(row));
      const [ours, theirs] = [JSON.stringify(loaded), JSON.stringify(fresh)];
      if (ours !== theirs)
        ledger.breach("W3", `${row.task}: the transcript ${ours} is ${theirs} when built anew`);
      return loaded;
    },
    evict: (reference) => transcripts.evict(reference),
  };
}

const fromTheStart = (row: TaskRow): TaskRow => ({ ...row, epochSeq: 0 });

function until(store: TaskStore, seq: number): TaskStore {
  return {
    ...store,
    read: async (reference, after) =>
      (await store.read(reference, after)).filter((entry) => entry.seq <= seq),
  };
}
