/**
 * Engines that are broken on purpose, one rule each: a simulation that does not notice one of them proves nothing.
 */
import type { NewEntry } from "omniforge/protocol";
import { memoryStore, type Commit, type ExecutionStore, type TaskStore } from "omniforge/store";
import { decide } from "../../packages/omniforge/src/store/decide.ts";
import type { Settings } from "./simulate.ts";

export interface Mutant {
  readonly broken: string;
  readonly settings: Settings;
}

/** Where the search for the rare ones begins; it goes on from there should the plans have changed. */
export const rare: Readonly<Record<string, number>> = {
  "K1: a step of an earlier turn is written": 3_150,
  "W2: finishing does not look whether something was said since": 275,
  "P2: a wake between settling and parking is lost": 120,
  "K6: orphans are not looked for": 1_530,
};

type Rule = typeof decide;

/** A store with another rule of writing. */
const ruled = (broken: string, rule: Rule): Mutant => ({
  broken,
  settings: { store: () => memoryStore(rule) },
});

/** A store that changes commits before it applies them. */
const rewriting = (broken: string, rewrite: (commit: Commit) => Commit): Mutant => ({
  broken,
  settings: {
    store() {
      const store = memoryStore();
      return { ...store, commit: (commit) => store.commit(rewrite(commit)) };
    },
  },
});

/** A store that loses entries. */
const losing = (broken: string, lost: (entry: NewEntry, commit: Commit) => boolean): Mutant =>
  rewriting(broken, (commit) => ({
    ...commit,
    entries: commit.entries.filter((entry) => !lost(entry, commit)),
  }));

/** A store whose scheduling columns are kept wrongly. */
const scheduling = (
  broken: string,
  wrong: (executions: ExecutionStore, store: TaskStore) => Partial<ExecutionStore>,
): Mutant => ({
  broken,
  settings: {
    store() {
      const store = memoryStore();
      return { ...store, executions: { ...store.executions, ...wrong(store.executions, store) } };
    },
  },
});

function without<T extends object, K extends keyof T>(given: T, name: K): Omit<T, K> {
  const { [name]: _left, ...rest } = given;
  return rest;
}

const ends = (commit: Commit): boolean => commit.entries.some((entry) => entry.kind === "ended");

export const mutants: readonly Mutant[] = [
  ruled("K2: a key that has its outcome is written again", (commit, facts) =>
    decide(commit, { ...facts, keyed: undefined }),
  ),
  ruled("P1: an accepted id is accepted again", (commit, facts) =>
    decide(commit, { ...facts, accepted: undefined }),
  ),
  ruled("W2: entries follow the terminal entry", (commit, facts) =>
    decide(commit, facts.row === undefined ? facts : { ...facts, row: { ...facts.row, endedSeq: null } }),
  ),
  ruled("W1: the state is not written", (commit, facts) => {
    const decision = decide(commit, facts);
    const { write } = decision;
    return write === undefined || facts.row === undefined
      ? decision
      : { ...decision, write: { ...write, head: { ...write.head, state: facts.row.state } } };
  }),
  ruled("W1: the usage is counted twice", (commit, facts) => {
    const decision = decide(commit, facts);
    const { write } = decision;
    if (write === undefined || facts.row === undefined) return decision;
    const { usage } = write.head;
    return {
      ...decision,
      write: { ...write, head: { ...write.head, usage: { ...usage, inputTokens: usage.inputTokens * 2 } } },
    };
  }),
  ruled("P2: what is accepted does not count as a wake", (commit, facts) => {
    const decision = decide(commit, facts);
    return decision.write === undefined
      ? decision
      : { ...decision, write: { ...decision.write, wakes: false } };
  }),
  rewriting("the fence is ignored", (commit) => without(commit, "fence")),
  // Looked up from where the turn began: an earlier outcome is not seen, so the turn must be.
  ruled("K1: a step of an earlier turn is written", (commit, facts) => {
    const seen = facts.keyed !== undefined && facts.keyed.seq >= (facts.row?.turnSeq ?? 0);
    return decide(commit.opensTurn === true ? commit : without(commit, "turn"), {
      ...facts,
      keyed: seen ? facts.keyed : undefined,
    });
  }),
  rewriting("W2: finishing does not look whether something was said since", (commit) =>
    without(commit, "seq"),
  ),
  rewriting("W2: a receipt that comes late is not kept", (commit) => without(commit, "keepLate")),
  rewriting("K4: what a reply took is not recorded", (commit) => ({
    ...commit,
    entries: commit.entries.map((entry) =>
      entry.kind === "reply" ? { ...entry, body: { ...entry.body, took: [] } } : entry,
    ),
  })),
  rewriting("K4: a reply takes the last message only", (commit) => ({
    ...commit,
    entries: commit.entries.map((entry) =>
      entry.kind === "reply" ? { ...entry, body: { ...entry.body, took: entry.body.took.slice(-1) } } : entry,
    ),
  })),
  rewriting("K5: an approval's own arguments are forgotten", (commit) => ({
    ...commit,
    entries: commit.entries.map((entry) => {
      if (entry.kind !== "input" || entry.body.answer?.decision !== "approve") return entry;
      return { ...entry, body: { ...entry.body, answer: { decision: "approve" as const } } };
    }),
  })),
  rewriting("P1: an expiry does not share its request's id", (commit) => {
    const [first] = commit.entries;
    return first?.kind === "input" && first.body.outcome === "expired" ? without(commit, "accepts") : commit;
  }),
  losing("K3: a claim is not kept", (entry) => entry.kind === "claim"),
  {
    broken: "K3: a step forgets to release its claim",
    settings: {
      alter: (world) => ({
        ...world,
        store: {
          ...world.store,
          commit: (commit) =>
            world.store.commit({
              ...commit,
              entries: commit.entries.filter(({ kind }) => kind !== "release"),
            }),
        },
      }),
    },
  },
  losing("K3: a release is not kept", (entry) => entry.kind === "release"),
  losing("P3: messages are not refused at the end", (entry) => entry.kind === "refusal"),
  losing(
    "W2: open calls get no outcome at the end",
    (entry, commit) => entry.kind === "result" && ends(commit),
  ),
  losing("W2: open requests are not withdrawn", (entry, commit) => entry.kind === "input" && ends(commit)),
  losing(
    "rule 5: requests come without their reply",
    (entry, commit) => entry.kind === "request" && commit.opensTurn === true,
  ),
  scheduling("P2: a wake between settling and parking is lost", (executions, store) => ({
    async release(reference, fence, park) {
      const row = await store.row(reference);
      await executions.release(reference, fence, park && { ...park, wakes: row?.wakes ?? park.wakes });
    },
  })),
  scheduling("P2: a parked task forgets when it is due", (executions) => ({
    release: (reference, fence, park) => executions.release(reference, fence, park && { wakes: park.wakes }),
  })),
  scheduling("an evicted task keeps its fence's successor", (executions) => ({
    evict: () => Promise.resolve(false),
    retire: () => Promise.resolve(),
    owners: () => executions.owners(),
  })),
  scheduling("a release does not look at the fence", (executions, store) => ({
    async release(reference, _fence, park) {
      const row = await store.row(reference);
      await executions.release(reference, row?.fence ?? 0, park);
    },
  })),
  scheduling("K6: orphans are not looked for", () => ({ orphans: () => Promise.resolve([]) })),
  {
    broken: "K3: whoever finds another's claim goes on",
    settings: {
      alter: (world) => ({
        ...world,
        store: {
          ...world.store,
          async turn(reference) {
            const read = await world.store.turn(reference);
            return read && { ...read, entries: read.entries.filter(({ kind }) => kind !== "claim") };
          },
          async commit(commit) {
            const result = await world.store.commit(commit);
            const row = await world.store.row(commit);
            const goesOn =
              commit.entries[0]?.kind === "claim" && result.kind === "found" && row !== undefined;
            return goesOn ? { kind: "committed", head: row, entries: [] } : result;
          },
        },
      }),
    },
  },
  {
    broken: "P1: an order's idempotency key is not looked at",
    settings: {
      store() {
        const store = memoryStore();
        return { ...store, create: (task) => store.create(without(task, "idempotencyKey")) };
      },
    },
  },
  {
    broken: "W3: a transcript is built from the last compaction only",
    settings: {
      alter: (world) => ({
        ...world,
        transcripts: {
          ...world.transcripts,
          load: (row) => world.transcripts.load({ ...row, messages: 0, taken: 0 }),
        },
      }),
    },
  },
  {
    broken: "K7: steps do not look whether the task is cancelled",
    settings: {
      alter: (world) => ({
        ...world,
        store: {
          ...world.store,
          async turn(reference) {
            const read = await world.store.turn(reference);
            return read && { ...read, row: { ...read.row, cancelSeq: null } };
          },
        },
      }),
    },
  },
  {
    broken: "W3: a transcript drops the oldest message that nobody took",
    settings: {
      alter: (world) => ({
        ...world,
        transcripts: {
          ...world.transcripts,
          async load(row) {
            const loaded = await world.transcripts.load(row);
            return {
              ...loaded,
              untaken: loaded.untaken.length > 1 ? loaded.untaken.slice(1) : loaded.untaken,
            };
          },
        },
      }),
    },
  },
  {
    broken: "W3: a transcript loses its last reply",
    settings: {
      alter: (world) => ({
        ...world,
        transcripts: {
          ...world.transcripts,
          async load(row) {
            const loaded = await world.transcripts.load(row);
            return {
              ...loaded,
              items: loaded.items.filter((item, at) => item.role === "user" || at < loaded.items.length - 1),
            };
          },
        },
      }),
    },
  },
  {
    broken: "K3: a tool that did not start counts as having worked",
    settings: {
      alter: (world) => ({
        ...world,
        tools: {
          ...world.tools,
          get(name) {
            const tool = world.tools.get(name);
            return (
              tool && {
                ...tool,
                execute: (parameters, context) => tool.execute(parameters, context).catch(() => "fine"),
              }
            );
          },
        },
      }),
    },
  },
  {
    broken: "W1: entries are published before they are stored",
    settings: {
      alter: (world) => ({
        ...world,
        store: {
          ...world.store,
          commit(commit) {
            const [first] = commit.entries;
            if (first !== undefined)
              world.publish(
                { type: "entry", task: commit.task, entry: { ...first, v: 1, seq: 9_999, at: commit.at } },
                commit.tenant,
              );
            return world.store.commit(commit);
          },
        },
      }),
    },
  },
];
