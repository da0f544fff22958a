/**
 * The transcript: what the model sees of the log, in the order (epoch, turn, kind, index) and never by seq (W3).
 *
 * Owns: a bounded window per task that grows by appending what the log has gained, and is rebuilt from the last
 * compaction after a restart. So a turn costs the same however many came before it.
 */
import type { EntryOf, Entry } from "../protocol/entry.ts";
import { isTextType, type Part, type Usage } from "../protocol/message.ts";
import { parseStepKey } from "../protocol/step-key.ts";
import type { TaskReference } from "../protocol/task.ts";
import type { TranscriptItem } from "../protocol/transcript.ts";
import type { TaskRow, TaskStore } from "../store/task-store.ts";
import { isKeptFile } from "./files.ts";
import { repairMessage } from "./structured-output.ts";

export interface Transcript {
  /** Not a copy, which would cost more the longer the task is: it is right until the next load. */
  readonly items: readonly TranscriptItem[];
  /** Accepted and not taken yet, in the order of acceptance: the next reply takes all of them. */
  readonly untaken: readonly EntryOf<"message">[];
  /** A rough size, at four characters a token. */
  readonly tokens: number;
  /** Whether bytes of its files lie beside the log. */
  readonly files: boolean;
}

interface Window {
  seq: number;
  items: TranscriptItem[];
  untaken: EntryOf<"message">[];
  characters: number;
  files: boolean;
  /** A reply took a message that stands before the window's first entry. */
  lacks: boolean;
}

export interface Transcripts {
  /** As the log is now; `turn`: as this read of the row and its current turn says, which spares reading them again. */
  load(row: TaskRow, turn?: readonly Entry[]): Promise<Transcript>;
  /** Forgets a task's window: it has ended or parked. */
  evict(reference: TaskReference): void;
}

/** Windows of at most this many tasks, the least recently used evicted first. */
export function createTranscripts(store: TaskStore, maximumWindows = 1000): Transcripts {
  const windows = new Map<string, Window>();
  const nameOf = ({ tenant, task }: TaskReference): string => `${tenant}\n${task}`;
  return {
    async load(row, turn) {
      const name = nameOf(row);
      const window = windows.get(name) ?? (await rebuild(store, row));
      const isJoined = turn?.[0] !== undefined && turn[0].seq <= window.seq + 1;
      for (const entry of isJoined ? turn : await store.read(row, window.seq)) apply(window, entry);
      windows.delete(name);
      windows.set(name, window);
      for (const oldest of windows.keys()) {
        if (windows.size <= maximumWindows) break;
        windows.delete(oldest);
      }
      return {
        items: window.items,
        untaken: window.untaken.slice(),
        tokens: Math.ceil(window.characters / 4),
        files: window.files,
      };
    },
    evict: (reference) => void windows.delete(nameOf(reference)),
  };
}

const empty = (seq: number): Window => ({
  seq,
  items: [],
  untaken: [],
  characters: 0,
  files: false,
  lacks: false,
});

/** From the last compaction on; from the start where a message that nobody had taken by then is older than that. */
async function rebuild(store: TaskStore, row: TaskRow): Promise<Window> {
  const window = empty(Math.max(0, row.epochSeq - 1));
  const later = await store.read(row, window.seq);
  // The row counts up to its own seq: what came since must not stand in for what is missing.
  for (const entry of later) if (entry.seq <= row.headSeq) apply(window, entry);
  const lacks = window.lacks || window.untaken.length < row.messages - row.taken;
  for (const entry of later) apply(window, entry);
  if (row.epochSeq === 0 || !lacks) return window;
  const whole = empty(0);
  for (const entry of await store.read(row, 0)) apply(whole, entry);
  return whole;
}

function apply(window: Window, entry: Entry): void {
  if (entry.seq <= window.seq) return;
  window.seq = entry.seq;
  switch (entry.kind) {
    case "message":
      window.untaken.push(entry);
      window.files ||= entry.body.message.parts.some(isKeptFile);
      return;
    case "reply":
      return applyReply(window, entry);
    case "result":
      return applyResult(window, entry);
    case "compaction":
      if (entry.body.summary === undefined) return;
      window.items = [{ role: "user", message: entry.body.summary }];
      window.characters = sizeOf(entry.body.summary.parts);
      return;
    default:
      return;
  }
}

function applyReply(window: Window, entry: EntryOf<"reply">): void {
  const { took, turn, model, parts, outcome, invalid } = entry.body;
  const taken = new Set(took);
  const known = window.untaken.filter((one) => taken.has(one.body.id));
  window.lacks ||= known.length < took.length;
  for (const { body } of known) {
    window.items.push({ role: "user", message: body.message });
    window.characters += sizeOf(body.message.parts);
  }
  window.untaken = window.untaken.filter((one) => !taken.has(one.body.id));
  if (outcome !== "answer" && outcome !== "calls") return;
  window.items.push({ role: "assistant", turn, model, parts, results: [] });
  window.characters += sizeOf(parts);
  if (invalid !== undefined) window.items.push({ role: "user", message: repairMessage(invalid) });
}

function applyResult(window: Window, entry: EntryOf<"result">): void {
  const { turn } = parseStepKey(entry.key ?? "");
  const at = window.items.findLastIndex((item) => item.role === "assistant" && item.turn === turn);
  const item = window.items[at];
  if (item?.role !== "assistant") return;
  // Results come almost in their order, and there may be thousands of them.
  const index = indexOf(entry);
  const before = item.results.findLastIndex((one) => indexOf(one) <= index);
  window.items[at] = { ...item, results: item.results.toSpliced(before + 1, 0, entry) };
  window.characters += sizeOf(entry.body.parts);
  window.files ||= entry.body.parts.some(isKeptFile);
}

const indexOf = (entry: EntryOf<"result">): number => parseStepKey(entry.key ?? "").index;

/** What a provider counts for an image or a document, roughly, however many bytes it has. */
const charactersOfAFile = 6_000;

function sizeOf(parts: readonly Part[]): number {
  let size = 0;
  for (const part of parts) {
    if (part.type === "text" || part.type === "reasoning") size += part.text.length;
    else size += part.type === "file" ? sizeOfFile(part) : JSON.stringify(part).length;
  }
  return size;
}

function sizeOfFile({ mediaType, blob, data = "" }: Extract<Part, { type: "file" }>): number {
  return isTextType(mediaType) ? (blob?.bytes ?? (data.length * 3) / 4) : charactersOfAFile;
}

/** The usage of a reply, as far as it was counted. */
export function totalTokens(usage: Usage): number {
  return usage.inputTokens + usage.outputTokens;
}
