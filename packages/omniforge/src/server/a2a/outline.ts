/**
 * A task's log as its client sees it: what was said, in order, and what was made.
 *
 * Owns: which entries an A2A client may see. Tool calls, their results, reasoning and instructions stay inside.
 *
 * Invariant: an outline grows by folding in the entries that follow it, so that a long log is read once.
 */
import { isKind, type Entry, type EntryOf } from "../../protocol/entry.ts";
import type { Answer } from "../../protocol/input.ts";
import type { Message, Part } from "../../protocol/message.ts";
import type { TaskRow, TaskStore } from "../../store/task-store.ts";

/** Something that was said. */
export interface Said {
  readonly id: string;
  readonly by: "user" | "agent";
  readonly parts: readonly Part[];
}

export interface Made {
  /** Unique within the task: the same again replaces it. */
  readonly id: string;
  readonly name: string;
  readonly parts: readonly Part[];
}

export interface Outline {
  /** Up to this seq. */
  readonly seq: number;
  readonly said: readonly Said[];
  readonly made: readonly Made[];
}

/** The most of what was said that is kept: whoever wants more reads the log. */
const mostSaid = 500;
const entriesAtOnce = 1_000;
/** Logs that are read anew each time cost less than keeping them. */
const shortLog = 500;
const keptOutlines = 64;

const nothing: Outline = { seq: 0, said: [], made: [] };

/** Reads outlines; those of long logs are kept, and grow. */
export function createOutlines(
  store: TaskStore,
  masked: (entry: Entry) => Entry,
): (row: TaskRow) => Promise<Outline> {
  const kept = new Map<string, Outline>();
  const keyOf = ({ tenant, task }: TaskRow): string => JSON.stringify([tenant, task]);
  return async (row) => {
    const key = keyOf(row);
    const known = kept.get(key);
    kept.delete(key);
    if (row.erased) return { ...nothing, seq: row.headSeq };
    let outline = known !== undefined && known.seq <= row.headSeq ? known : nothing;
    while (outline.seq < row.headSeq) {
      const page = await store.read(row, outline.seq, Math.min(entriesAtOnce, row.headSeq - outline.seq));
      if (page.length === 0) break;
      outline = fold(outline, page.map(masked));
    }
    if (row.headSeq > shortLog) kept.set(key, outline);
    for (const oldest of kept.keys()) {
      if (kept.size <= keptOutlines) break;
      kept.delete(oldest);
    }
    return outline;
  };
}

function fold(outline: Outline, entries: readonly Entry[]): Outline {
  const said = [...outline.said, ...entries.flatMap((entry) => saidIn(entry) ?? [])];
  const made = new Map(outline.made.map((one) => [one.id, one]));
  for (const one of entries.flatMap(madeIn)) made.set(one.id, one);
  return {
    seq: entries.at(-1)?.seq ?? outline.seq,
    said: said.slice(-mostSaid),
    made: [...made.values()],
  };
}

/** What an entry says, to or by the agent. */
export function saidIn(entry: Entry): Said | undefined {
  switch (entry.kind) {
    case "message":
      return { id: entry.body.id, by: "user", parts: withoutRecall(entry.body.message).parts };
    case "reply":
      return hasWords(entry) ? { id: `reply-${entry.seq}`, by: "agent", parts: entry.body.parts } : undefined;
    case "request":
      return { id: `request-${entry.seq}`, by: "agent", parts: [{ type: "text", text: entry.body.prompt }] };
    case "input": {
      const { answer, message } = entry.body;
      return answer && { id: message ?? `answer-${entry.seq}`, by: "user", parts: answerParts(answer) };
    }
    default:
      return undefined;
  }
}

/** An answer that is still to be repaired was not said to anybody. */
function hasWords({ body }: EntryOf<"reply">): boolean {
  return body.invalid === undefined && body.parts.some((part) => part.type === "text" && part.text !== "");
}

function answerParts(answer: Answer): readonly Part[] {
  switch (answer.decision) {
    case "approve":
      return answer.arguments === undefined
        ? text("approve")
        : [{ type: "data", value: { decision: "approve", arguments: answer.arguments } }];
    case "reject":
      return text(answer.reason === undefined ? "reject" : `reject: ${answer.reason}`);
    case "answer":
      return typeof answer.value === "string" ? text(answer.value) : [{ type: "data", value: answer.value }];
  }
}

const text = (words: string): readonly Part[] => [{ type: "text", text: words }];

/** What an entry made: the agent's answer, and what its tools call artifacts. */
export function madeIn(entry: Entry): readonly Made[] {
  if (isKind("artifact")(entry)) {
    const { name, part } = entry.body;
    return [{ id: name, name, parts: [part] }];
  }
  if (isKind("result")(entry))
    return entry.body.parts.flatMap((part) =>
      part.type === "artifact" && part.blob !== undefined
        ? [{ id: part.name, name: part.name, parts: [part] }]
        : [],
    );
  if (isKind("reply")(entry)) {
    const { outcome, invalid, parts } = entry.body;
    const shown = parts.filter(({ type }) => type !== "reasoning" && type !== "tool-call");
    if (outcome === "answer" && invalid === undefined && shown.length > 0)
      return [{ id: "answer", name: "answer", parts: shown }];
  }
  return [];
}

/** What a conversation's earlier tasks said stands before the first message's own parts, behind this line. */
export const recallHeading = "[Earlier in this conversation]";

/** The message as its author wrote it. */
export function withoutRecall(message: Message): Message {
  const [first, ...rest] = message.parts;
  const recalled = first?.type === "text" && first.text.startsWith(`${recallHeading}\n`) && rest.length > 0;
  return recalled ? { ...message, parts: rest } : message;
}
