/**
 * What this process hears through Redis of the tasks that are followed here.
 *
 * Owns: how far each step's stream has been read. A hint says that a stream has grown; what it has to say is read from the
 * stream, so that a lost hint costs time and a doubled one nothing.
 */
import { z } from "zod";
import type { TaskReference } from "../../protocol/task.ts";
import type { LiveEvent } from "../live-view.ts";
import type { RelayListener } from "../relay.ts";
import { channelOf, stepsOf, streamOf } from "./keys.ts";
import { hint, piece, read } from "./wire.ts";

/** A question to Redis, and taking its answer. */
export interface Question {
  readonly parts: readonly string[];
  /** Throws for an answer of another shape. */
  readonly take: (reply: unknown) => void;
}

interface Followed {
  readonly reference: TaskReference;
  readonly listener: RelayListener;
  /** By step, the last piece that was read. */
  readonly read: Map<string, string>;
  /** Steps whose streams have grown. */
  readonly grown: Set<string>;
  /** Which steps have a stream is to be asked. */
  asks: boolean;
}

const piecesAtOnce = 1_000;
/** Stands before every piece. */
const beforeAll = "0-0";

const names = z.array(z.string());
const pieces = z.array(z.tuple([z.string(), z.array(z.string())]));

export class Inbox {
  readonly #self: string;
  readonly #followed = new Map<string, Followed>();
  /** Of which something is to be asked. */
  readonly #asking = new Set<Followed>();

  constructor(self: string) {
    this.#self = self;
  }

  get channels(): Iterable<string> {
    return this.#followed.keys();
  }

  /** Returns the channel by which hints come. One listener for each task. */
  add(reference: TaskReference, listener: RelayListener): string {
    const channel = channelOf(reference);
    this.#followed.set(channel, { reference, listener, read: new Map(), grown: new Set(), asks: false });
    return channel;
  }

  remove(channel: string): void {
    const followed = this.#followed.get(channel);
    if (followed !== undefined) this.#asking.delete(followed);
    this.#followed.delete(channel);
  }

  /** Hints of these tasks come from now on: what there is already is read, from its beginning. */
  begin(channels: Iterable<string>): void {
    for (const channel of channels) {
      const followed = this.#followed.get(channel);
      if (followed === undefined) continue;
      followed.read.clear();
      followed.asks = true;
      this.#asking.add(followed);
    }
  }

  hear(channel: string, message: string): void {
    const followed = this.#followed.get(channel);
    if (followed === undefined) return;
    const heard = read(hint, message);
    // Another release's: something has happened.
    if (heard === undefined) return this.begin([channel]);
    if (heard.from === this.#self) return;
    for (const step of heard.steps) followed.read.delete(step);
    for (const step of heard.said) followed.grown.add(step);
    if (heard.said.length > 0) this.#asking.add(followed);
    if (heard.headSeq !== undefined) followed.listener.grown(heard.headSeq, heard.steps);
  }

  /** All that is to be asked now. */
  questions(): readonly Question[] {
    const all: Question[] = [];
    for (const followed of this.#asking) {
      const { reference, grown } = followed;
      if (followed.asks) all.push({ parts: ["SMEMBERS", stepsOf(reference)], take: this.#steps(followed) });
      for (const step of grown) {
        const after = followed.read.get(step) ?? beforeAll;
        const name = streamOf(reference, step);
        const parts = ["XRANGE", name, `(${after}`, "+", "COUNT", String(piecesAtOnce)];
        all.push({ parts, take: this.#pieces(followed, step) });
      }
      followed.asks = false;
      grown.clear();
    }
    this.#asking.clear();
    return all;
  }

  #steps(followed: Followed): Question["take"] {
    return (reply) => {
      for (const step of names.parse(reply)) this.#grew(followed, step);
    };
  }

  #pieces(followed: Followed, step: string): Question["take"] {
    return (reply) => {
      const found = pieces.parse(reply);
      for (const [id, [, value = ""]] of found) {
        followed.read.set(step, id);
        const event = this.#eventOf(followed, step, value);
        if (event !== undefined && this.#isFollowed(followed)) followed.listener.hear(event);
      }
      if (found.length === piecesAtOnce) this.#grew(followed, step);
    };
  }

  #grew(followed: Followed, step: string): void {
    if (!this.#isFollowed(followed)) return;
    followed.grown.add(step);
    this.#asking.add(followed);
  }

  /** Undefined for what this process has written itself, and for what it can't read. */
  #eventOf({ reference: { task } }: Followed, key: string, value: string): LiveEvent | undefined {
    const { from, attempt, said } = read(piece, value) ?? { from: this.#self };
    if (from === this.#self || attempt === undefined) return undefined;
    return said === undefined
      ? { type: "reset", task, key, attempt }
      : { type: "delta", task, key, attempt, ...said };
  }

  #isFollowed(followed: Followed): boolean {
    return this.#followed.get(channelOf(followed.reference)) === followed;
  }
}
