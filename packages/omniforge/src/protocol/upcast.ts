/**
 * Reading what older releases wrote: an entry's body is lifted version by version, then parsed.
 *
 * Invariant: every version ever released has an upcaster here, and a body of a newer version is refused, never guessed.
 */
import { z } from "zod";
import { messageOf, OmniForgeError } from "./error.ts";
import { entryBodies, entryVersion, type Entry, type EntryKind } from "./entry.ts";
import { isStepKey } from "./step-key.ts";

type Upcaster = (kind: string, body: unknown) => unknown;

/** `upcasters[n]` lifts a body from version n to n + 1. */
const upcasters: Readonly<Record<number, Upcaster>> = {};

export interface StoredEntry {
  readonly v: number;
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly key: string | null;
  /** JSON text; null once erased. */
  readonly body: string | null;
}

/** The entry that a stored row holds; an erased one gets its kind's empty body. Throws STORE_TOO_NEW, STORE_CORRUPT or STORE_FAILED. */
export function readEntry(
  row: StoredEntry,
  lift: Readonly<Record<number, Upcaster>> = upcasters,
  current = entryVersion,
): Entry {
  if (row.v > current || !isEntryKind(row.kind)) {
    throw new OmniForgeError(
      "STORE_TOO_NEW",
      `entry ${row.seq} (${row.kind}) has version ${row.v}; this release reads up to ${current}`,
    );
  }
  let body: unknown = row.body === null ? erasedBodies[row.kind] : parse(row, row.body);
  for (let version = row.v; row.body !== null && version < current; version++) {
    const upcast = lift[version];
    if (upcast === undefined)
      throw new OmniForgeError(
        "STORE_FAILED",
        `entry ${row.seq} has version ${version}, which has no upcaster`,
      );
    body = upcast(row.kind, body);
  }
  const parsed = entryBodies[row.kind].safeParse(body);
  if (!parsed.success) {
    throw new OmniForgeError(
      "STORE_CORRUPT",
      `entry ${row.seq} (${row.kind}) is damaged: ${z.prettifyError(parsed.error)}`,
    );
  }
  // A step would not find its outcome under it, and would be performed once more.
  if (row.key !== null && !isStepKey(row.key))
    throw new OmniForgeError(
      "STORE_CORRUPT",
      `entry ${row.seq} (${row.kind}) is damaged: ${JSON.stringify(row.key.slice(0, 100))} is no step's key`,
    );
  const { seq, at, kind } = row;
  return { v: current, seq, at, kind, body: parsed.data, ...(row.key !== null && { key: row.key }) } as Entry;
}

function parse({ seq, kind }: StoredEntry, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    const why = messageOf(cause);
    throw new OmniForgeError("STORE_CORRUPT", `entry ${seq} (${kind}) is damaged: ${why}`, { cause });
  }
}

function isEntryKind(kind: string): kind is EntryKind {
  return Object.hasOwn(entryBodies, kind);
}

const nothing = { inputTokens: 0, outputTokens: 0 };
const gone = { v: 1 as const, role: "user" as const, parts: [] };

/** What is left of an erased entry: enough to be an entry, and nothing that anybody said. */
const erasedBodies: { [K in EntryKind]: z.infer<(typeof entryBodies)[K]> } = {
  created: {
    agent: "erased",
    specHash: "",
    loopVersion: 1,
    limits: { turns: 1, atLimit: "fail", depth: 0, children: 0 },
    root: "",
    depth: 0,
  },
  message: { id: "", message: gone },
  reply: { turn: 1, outcome: "answer", model: "", parts: [], calls: [], took: [], usage: nothing },
  request: { id: "", kind: "question", key: "", prompt: "" },
  input: { id: "", outcome: "withdrawn" },
  cancel: { id: "" },
  claim: { nonce: "" },
  release: { nonce: "", error: { code: "", message: "" } },
  result: { name: "", status: "canceled", parts: [] },
  child: { task: "", agent: "" },
  attempt: { step: "", error: { code: "", message: "" } },
  compaction: { outcome: "compacted", epoch: 1, usage: nothing },
  refusal: { message: "", reason: "" },
  artifact: { name: "", part: { type: "text", text: "" } },
  recovery: { steps: [] },
  ended: { state: "canceled", parts: [] },
};
