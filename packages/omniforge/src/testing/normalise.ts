/**
 * When two logs are equal: they are under `normalise`.
 *
 * Owns: what of a log may differ between two executions of the same task, whichever engine ran them and however often it
 * was killed. Does not own reading logs, nor what a log must look like (see `contract/check-log.ts`).
 *
 * Dropped, and nothing more: times (`at`, `deadline`, `durationMs`, `waitedMs`, and `retryAt` with its entry; the time that a sub-agent
 * has left), attempts and
 * recoveries, the nonces of claims, and the task's own id with what it gives its sub-agents. Late entries are not in the
 * log. Seqs are counted anew.
 *
 * Invariants:
 * N1 Only members of one fan-out are sorted: neighbours, of one turn, that belong to a call each. They stand by call
 *    index; those of one call keep their order.
 * N2 Everything else keeps its place: a message between two results parts them.
 */
import { isKind, type Entry, type EntryKind, type EntryOf } from "../protocol/entry.ts";
import { json, type Json } from "../protocol/json.ts";
import { parseStepKey, type StepKey } from "../protocol/step-key.ts";

/** An entry without what may differ. */
export interface NormalEntry {
  readonly seq: number;
  readonly v: number;
  readonly kind: EntryKind;
  readonly key?: StepKey;
  readonly body: Json;
}

/** Written in the place of the id of a log's first task; a sub-agent's begins with it. */
const ownName = "task";

const droppedKinds: ReadonlySet<EntryKind> = new Set(["attempt", "recovery"]);
const droppedFields: { readonly [K in EntryKind]?: ReadonlySet<string> } = {
  request: new Set(["deadline"]),
  result: new Set(["durationMs", "waitedMs"]),
  claim: new Set(["nonce"]),
  release: new Set(["nonce"]),
};

/**
 * A task's log without what may differ between two executions of it.
 *
 * Two logs are equal if these are deeply equal. Takes a whole log, from its first entry on.
 */
export function normalise(entries: readonly Entry[]): readonly NormalEntry[] {
  const rename = renaming(entries.find(isKind("created"))?.body.root);
  const kept = entries.filter(({ kind }) => !droppedKinds.has(kind));
  return sortFanOuts(kept).map((one, at) => ({
    seq: at + 1,
    v: one.v,
    kind: one.kind,
    ...(one.key !== undefined && { key: one.key }),
    body: rename(
      without(droppedFields[one.kind], one.kind === "created" ? withoutTimeLeft(one.body) : one.body),
    ),
  }));
}

function without(fields: ReadonlySet<string> | undefined, body: Entry["body"]): Json {
  const whole = json.parse(JSON.parse(JSON.stringify(body)));
  if (fields === undefined || typeof whole !== "object" || whole === null || Array.isArray(whole))
    return whole;
  return Object.fromEntries(Object.entries(whole).filter(([name]) => !fields.has(name)));
}

/** A sub-agent may take as long as its parent has left, which is another time each time. */
function withoutTimeLeft(body: EntryOf<"created">["body"]): EntryOf<"created">["body"] {
  if (body.parent === undefined) return body;
  const { wallTimeMs: _left, ...limits } = body.limits;
  return { ...body, limits };
}

/** Replaces the id in every text where it stands by itself, or before what a sub-agent's id adds to it. */
function renaming(id: string | undefined): (value: Json) => Json {
  if (id === undefined || id === "") return (value) => value;
  const pattern = new RegExp(`(?<![\\w.-])${literally(id)}(?![\\w-])`, "g");
  const rename = (value: Json): Json => {
    if (typeof value === "string") return value.replaceAll(pattern, ownName);
    if (Array.isArray(value)) return value.map(rename);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, rename(member)]));
  };
  return rename;
}

function literally(id: string): string {
  return id.replaceAll(/[^\w]/g, String.raw`\$&`);
}

interface Member {
  readonly turn: number;
  readonly index: number;
}

function sortFanOuts(entries: readonly Entry[]): readonly Entry[] {
  const asked = new Map(entries.filter(isKind("request")).map(({ body }) => [body.id, body.key]));
  const sorted: Entry[] = [];
  let fanOut: { readonly entry: Entry; readonly member: Member }[] = [];
  const close = (): void => {
    sorted.push(
      ...fanOut.toSorted((one, other) => one.member.index - other.member.index).map(({ entry }) => entry),
    );
    fanOut = [];
  };
  for (const entry of entries) {
    const member = memberOf(entry, asked);
    if (member === undefined || (fanOut[0] !== undefined && fanOut[0].member.turn !== member.turn)) close();
    if (member === undefined) sorted.push(entry);
    else fanOut.push({ entry, member });
  }
  close();
  return sorted;
}

/** The call that an entry belongs to; none where it belongs to its turn or its task. */
function memberOf(entry: Entry, asked: ReadonlyMap<string, StepKey>): Member | undefined {
  const key = callKeyOf(entry, asked);
  if (key === undefined) return undefined;
  const { turn, index } = parseStepKey(key);
  return { turn, index };
}

function callKeyOf(entry: Entry, asked: ReadonlyMap<string, StepKey>): StepKey | undefined {
  switch (entry.kind) {
    case "request":
      return entry.body.key;
    case "input":
      return asked.get(entry.body.id);
    case "claim":
    case "release":
    case "child":
    case "result":
      return entry.key;
    default:
      return undefined;
  }
}
