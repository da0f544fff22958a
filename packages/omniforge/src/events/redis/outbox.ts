/**
 * What this process has to tell through Redis: pieces of running text, into a stream of each step, and hints for whoever
 * follows.
 *
 * Owns: what Redis has been told of each running step.
 *
 * Invariants
 * 1. Nothing piles up: what can't be told just now is not kept, but taken from the running text once there is room.
 * 2. A stream's ids rise with the attempt's number. An attempt whose id is refused has a successor, and is silent from then.
 * 3. Every so many pieces a text is told whole again, so that what trimming leaves can always be joined.
 */
import { attemptNumber, stepsIn } from "../../protocol/attempt.ts";
import type { Entry } from "../../protocol/entry.ts";
import type { TaskEvent } from "../../protocol/event.ts";
import type { TaskReference } from "../../protocol/task.ts";
import type { LiveStep } from "../live-text.ts";
import { isLive, isOutcome, LiveView, type LiveEvent } from "../live-view.ts";
import { channelOf, stepsOf, streamOf } from "./keys.ts";
import type { Hint, Piece } from "./wire.ts";

export interface Command {
  readonly parts: readonly string[];
  /** The stream that is written to, and by which attempt. */
  readonly writes?: { readonly stream: Stream; readonly attempt: string };
}

/** What Redis has of a step. */
interface Stream {
  /** Pieces since the text was last told whole. */
  pieces: number;
  /** When its expiry was last put off; none: Redis has nothing of it yet. */
  refreshedAt: number | undefined;
  /** The attempt that was refused. */
  silenced?: string;
}

interface Speaking {
  readonly reference: TaskReference;
  readonly streams: Map<string, Stream>;
  view: LiveView;
}

interface Waiting {
  readonly speaking: Speaking;
  readonly event: LiveEvent;
}

/** What waits to be sent at most: pieces, and their characters. */
const mostPieces = 2_000;
const mostText = 1024 * 1024;
/** Tasks of which is known what was told; the one that has been known longest is forgotten first. */
const mostTasks = 4_096;
const wholeAgainAfter = 1_000;
/** Pieces that are kept of a stream: the last whole text is among them. */
const kept = 2 * wholeAgainAfter;
/** How long what was said stays while nothing more comes, and once its step is recorded: zombies are refused by it. */
const lifeSeconds = 3_600;
const afterlifeSeconds = 60;
const refreshMs = 60_000;
const longestPiece = 16 * 1024;

export class Outbox {
  readonly #self: string;
  readonly #live: (task: string) => readonly LiveStep[];
  readonly #speaking = new Map<string, Speaking>();
  /** Of whose text not everything was told. */
  readonly #behind = new Set<Speaking>();
  #waiting: Waiting[] = [];
  #text = 0;
  #over: Command[] = [];
  readonly #hints = new Map<string, { readonly reference: TaskReference; readonly hint: Hint }>();
  #open = false;
  #lastId = 0;

  /** `live`: what the steps of this process have said so far, masked. */
  constructor(self: string, live: (task: string) => readonly LiveStep[]) {
    this.#self = self;
    this.#live = live;
  }

  /** Redis is there: it is told everything. */
  open(): void {
    this.#open = true;
  }

  /** Redis is gone, or may have lost what it was told. */
  shut(): void {
    this.#open = false;
    this.#waiting = [];
    this.#text = 0;
    this.#over = [];
    this.#hints.clear();
    for (const speaking of this.#speaking.values()) {
      speaking.view = new LiveView();
      for (const stream of speaking.streams.values())
        Object.assign(stream, { pieces: 0, refreshedAt: undefined });
      this.#behind.add(speaking);
    }
  }

  /** Takes what was announced here. */
  tell(reference: TaskReference, event: TaskEvent, now: number): void {
    if (!isLive(event)) return this.#record(reference, event.entry);
    const speaking = this.#speakingOf(reference);
    const isFull = this.#waiting.length >= mostPieces || this.#text >= mostText;
    if (!this.#open || isFull || this.#behind.has(speaking)) {
      this.#behind.add(speaking);
      return;
    }
    const stream = speaking.streams.get(event.key);
    if (stream !== undefined && isWorn(stream, now) && this.#isKept(event)) {
      speaking.view.forget(event.task, event.key);
      Object.assign(stream, { pieces: 0, refreshedAt: undefined });
    }
    this.#say(speaking, speaking.view.next(event, this.#live));
  }

  /** All that is to be sent now. */
  take(now: number): readonly Command[] {
    if (!this.#open) return [];
    for (const speaking of this.#behind) {
      if (this.#text >= mostText) break;
      this.#behind.delete(speaking);
      const { task } = speaking.reference;
      this.#say(speaking, speaking.view.resync(task, this.#live(task)));
    }
    const pieces = joined(this.#waiting).flatMap((waiting) => this.#write(waiting, now));
    const hints = [...this.#hints.values()].map(({ reference, hint }) => ({
      parts: ["PUBLISH", channelOf(reference), JSON.stringify(hint)],
    }));
    const all = [...pieces, ...this.#over, ...hints];
    this.#waiting = [];
    this.#text = 0;
    this.#over = [];
    this.#hints.clear();
    return all;
  }

  /** Takes in what Redis has refused; returns what is none of an attempt's business. */
  settle(sent: readonly Command[], replies: readonly PromiseSettledResult<unknown>[]): unknown {
    let failure: unknown;
    for (const [index, reply] of replies.entries()) {
      if (reply.status === "fulfilled") continue;
      const writes = sent[index]?.writes;
      if (writes !== undefined && /equal or smaller/.test(String(reply.reason)))
        writes.stream.silenced = writes.attempt;
      else failure ??= reply.reason;
    }
    return failure;
  }

  #record(reference: TaskReference, entry: Entry): void {
    const { task } = reference;
    const speaking = this.#speaking.get(task);
    speaking?.view.supersede(task, entry);
    const steps = stepsIn(entry);
    const over =
      entry.kind === "ended" ? [...(speaking?.streams.keys() ?? [])] : isOutcome(entry) ? steps : [];
    for (const step of over)
      if (speaking?.streams.delete(step) === true && this.#open)
        this.#over.push(
          { parts: ["SREM", stepsOf(reference), step] },
          { parts: ["EXPIRE", streamOf(reference, step), String(afterlifeSeconds)] },
        );
    if (entry.kind === "ended") this.#forget(task);
    if (!this.#open) return;
    const hint = this.#hintFor(reference);
    hint.headSeq = Math.max(entry.seq, hint.headSeq ?? 0);
    hint.steps.push(...steps);
  }

  #say(speaking: Speaking, events: readonly LiveEvent[]): void {
    for (const event of events) {
      const stream = speaking.streams.get(event.key) ?? { pieces: 0, refreshedAt: undefined };
      speaking.streams.set(event.key, stream);
      if (stream.silenced === event.attempt) continue;
      this.#waiting.push({ speaking, event });
      this.#text += textOf(event).length;
    }
  }

  #write({ speaking: { reference, streams }, event }: Waiting, now: number): readonly Command[] {
    const stream = streams.get(event.key);
    // It was recorded meanwhile: what it has said is void.
    if (stream === undefined) return [];
    const name = streamOf(reference, event.key);
    const { said } = this.#hintFor(reference);
    if (!said.includes(event.key)) said.push(event.key);
    const value = JSON.stringify(this.#pieceOf(event));
    stream.pieces++;
    const write: Command = {
      parts: ["XADD", name, "MAXLEN", "~", String(kept), this.#idOf(event.attempt, now), "piece", value],
      writes: { stream, attempt: event.attempt },
    };
    if (stream.refreshedAt !== undefined && now - stream.refreshedAt < refreshMs) return [write];
    stream.refreshedAt = now;
    return [
      { parts: ["SADD", stepsOf(reference), event.key] },
      { parts: ["EXPIRE", stepsOf(reference), String(lifeSeconds)] },
      write,
      { parts: ["EXPIRE", name, String(lifeSeconds)] },
    ];
  }

  /** The attempt's number first; then the time, which rises also where an attempt fell silent and left its number. */
  #idOf(attempt: string, now: number): string {
    this.#lastId = Math.max(this.#lastId + 1, now * 1_000);
    return `${attemptNumber(attempt) || 0}-${this.#lastId}`;
  }

  #pieceOf(event: LiveEvent): Piece {
    const begins = { from: this.#self, attempt: event.attempt };
    if (event.type === "reset") return begins;
    const { channel, offset, text } = event;
    return { ...begins, said: { channel, offset, text } };
  }

  #hintFor(reference: TaskReference): Hint {
    const known = this.#hints.get(reference.task);
    if (known !== undefined) return known.hint;
    const hint: Hint = { from: this.#self, said: [], steps: [] };
    this.#hints.set(reference.task, { reference, hint });
    return hint;
  }

  #isKept({ task, key }: LiveEvent): boolean {
    return this.#live(task).some((step) => step.key === key);
  }

  #speakingOf(reference: TaskReference): Speaking {
    const known = this.#speaking.get(reference.task);
    if (known !== undefined) return known;
    const speaking = { reference, streams: new Map<string, Stream>(), view: new LiveView() };
    this.#speaking.set(reference.task, speaking);
    const [oldest] = this.#speaking.keys();
    if (this.#speaking.size > mostTasks && oldest !== undefined) this.#forget(oldest);
    return speaking;
  }

  #forget(task: string): void {
    const speaking = this.#speaking.get(task);
    if (speaking !== undefined) this.#behind.delete(speaking);
    this.#speaking.delete(task);
  }
}

/** Whether its text is to be told whole again: it has many pieces, or may have expired. */
function isWorn({ pieces, refreshedAt }: Stream, now: number): boolean {
  return pieces >= wholeAgainAfter || (refreshedAt !== undefined && now - refreshedAt > lifeSeconds * 500);
}

function textOf(event: LiveEvent): string {
  return event.type === "delta" ? event.text : "";
}

/** Pieces of one channel that follow on each other, as one. */
function joined(waiting: readonly Waiting[]): readonly Waiting[] {
  const all: Waiting[] = [];
  for (const { speaking, event } of waiting) {
    const last = all.at(-1);
    const before = last?.event;
    const follows =
      event.type === "delta" &&
      before?.type === "delta" &&
      last?.speaking === speaking &&
      before.key === event.key &&
      before.attempt === event.attempt &&
      before.channel === event.channel &&
      before.offset + before.text.length === event.offset &&
      before.text.length < longestPiece;
    if (follows) all[all.length - 1] = { speaking, event: { ...before, text: before.text + event.text } };
    else all.push({ speaking, event });
  }
  return all;
}
