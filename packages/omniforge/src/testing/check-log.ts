/**
 * What every task log must be, whatever happened to its task: the invariants of writing, read off the log alone.
 *
 * For tests of stores, backends and agents. Each breach is a sentence that names its rule.
 */
import { isDeepStrictEqual } from "node:util";
import type { Entry, EntryKind, EntryOf } from "../protocol/entry.ts";
import { parseStepKey } from "../protocol/step-key.ts";
import { emptyHead } from "../store/decide.ts";
import { project } from "../store/project.ts";
import type { TaskHead, TaskRow } from "../store/task-store.ts";

/** Every breach of W1, W2, K1, K4, K5, P1 and P3 in a whole log and its head; none for a sound one. */
export function checkLog(row: TaskRow, log: readonly Entry[]): readonly string[] {
  const breaches = [
    ...checkSeqs(log),
    ...checkKeys(log),
    ...checkMessages(row, log),
    ...checkRequests(row, log),
    ...checkHead(row, log),
    ...(row.endedSeq === null ? [] : checkEnding(row, log)),
  ];
  return breaches.map((breach) => `${breach} (task ${row.task})`);
}

function of<K extends EntryKind>(log: readonly Entry[], kind: K): EntryOf<K>[] {
  return log.filter((entry): entry is EntryOf<K> => entry.kind === kind);
}

function repeated(values: readonly string[]): readonly string[] {
  return values.filter((value, at) => values.indexOf(value) !== at);
}

function checkSeqs(log: readonly Entry[]): readonly string[] {
  return log.flatMap((entry, at) => {
    const earlier = log[at - 1];
    const gap = entry.seq === at + 1 ? [] : [`W1: entry ${at + 1} has seq ${entry.seq}`];
    return earlier !== undefined && earlier.at > entry.at
      ? [...gap, `W1: time goes back at seq ${entry.seq}`]
      : gap;
  });
}

function checkKeys(log: readonly Entry[]): readonly string[] {
  const turns = of(log, "reply").map(({ body }) => body.turn);
  let open = 0;
  const misplaced = log.flatMap(({ kind, key }) => {
    if (kind === "reply") open++;
    return key === undefined || parseStepKey(key).turn === open
      ? []
      : [`K1: ${key} is written in turn ${open}`];
  });
  return [
    ...misplaced,
    ...repeated(log.flatMap(({ key }) => key ?? [])).map((key) => `K1: ${key} has two entries`),
    ...turns.flatMap((turn, at) => (turn === at + 1 ? [] : [`K1: reply ${at + 1} opens turn ${turn}`])),
  ];
}

/** A message is taken once, in the order of acceptance, or refused at the end. */
function checkMessages(row: TaskRow, log: readonly Entry[]): readonly string[] {
  const said = of(log, "message").map(({ body }) => body.id);
  const took = of(log, "reply").flatMap(({ body }) => body.took);
  const refused = of(log, "refusal").map(({ body }) => body.message);
  const handled = [...took, ...refused];
  return [
    ...repeated(said).map((id) => `P1: message ${id} is accepted twice`),
    ...repeated(handled).map((id) => `K4: message ${id} is taken or refused twice`),
    ...handled
      .filter((id, at) => said[at] !== id)
      .map((id) => `P3: message ${id} is taken or refused out of order`),
    ...(row.endedSeq !== null && handled.length < said.length
      ? ["P3: a message is neither taken nor refused"]
      : []),
  ];
}

/** A request has one answer, expiry or withdrawal; an approval is bound to the arguments it was asked for. */
function checkRequests(row: TaskRow, log: readonly Entry[]): readonly string[] {
  const requests = of(log, "request").map(({ body }) => body.id);
  const inputs = of(log, "input").map(({ body }) => body.id);
  const late = of(log, "input").flatMap((input) => {
    const request = of(log, "request").find(({ body }) => body.id === input.body.id);
    if (request === undefined) return [`P1: ${input.body.id} is answered and was never asked`];
    return request.seq > input.seq ? [`P1: ${input.body.id} is answered before it is asked`] : [];
  });
  const open = requests.filter((id) => !inputs.includes(id));
  const pending = row.endedSeq === null ? row.pending.map(({ id }) => id) : [];
  return [
    ...late,
    ...repeated(requests).map((id) => `P1: request ${id} is made twice`),
    ...repeated(inputs).map((id) => `P1: request ${id} has two answers`),
    ...(open.join() === pending.join()
      ? []
      : [`P1: ${open.join()} is open in the log, ${pending.join()} in the head`]),
  ];
}

/** W1: the head is what the entries make of it, and nothing else. */
function checkHead(row: TaskRow, log: readonly Entry[]): readonly string[] {
  const [created, first] = log;
  if (created?.kind !== "created" || first?.kind !== "message")
    return ["W1: a log begins with what was created and asked"];
  const { agent, specHash, limits, loopVersion, root, depth, workspace, parent } = created.body;
  const { tenant, task, engine } = row;
  const { id, message } = first.body;
  let head: TaskHead = emptyHead({
    tenant,
    task,
    agent,
    engine,
    limits,
    loopVersion,
    root,
    depth,
    specs: { hash: specHash, set: { v: 1, root: agent, agents: {} } },
    message: { id, message },
    at: created.at,
    ...(workspace !== undefined && { workspace }),
    ...(parent && { parent }),
  });
  for (const entry of log) head = project(head, entry);
  const stored = new Map<string, unknown>(Object.entries(row));
  return Object.entries(head).flatMap(([name, value]) => {
    const kept = stored.get(name);
    if (isDeepStrictEqual(value, kept)) return [];
    return [`W1: the log makes ${name} ${JSON.stringify(value)}, and the head says ${JSON.stringify(kept)}`];
  });
}

/** W2: one terminal entry, the last; every call has its outcome; a cancelled task is canceled. */
function checkEnding(row: TaskRow, log: readonly Entry[]): readonly string[] {
  const ends = of(log, "ended");
  const last = log.at(-1);
  const keys = new Set(of(log, "result").map(({ key }) => key));
  const calls = of(log, "reply").flatMap(({ body }) => body.calls.filter(({ runs }) => runs !== "limit"));
  const canceled = of(log, "cancel").length > 0 && ends[0]?.body.state !== "canceled";
  return [
    ...(ends.length === 1 ? [] : [`W2: there are ${ends.length} terminal entries`]),
    ...(last?.kind === "ended" && row.headSeq === last.seq
      ? []
      : [`W2: ${last?.kind} follows the terminal entry`]),
    ...calls.filter(({ key }) => !keys.has(key)).map(({ key }) => `W2: ${key} has no outcome`),
    ...(canceled ? [`W2: a cancel was accepted, and the task is ${ends[0]?.body.state}`] : []),
  ];
}
