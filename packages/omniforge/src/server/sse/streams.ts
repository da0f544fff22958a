/**
 * All event streams of one server.
 *
 * Owns: pings, cutting off who does not read, how many there may be, and their end when the server stops. One timer for all
 * of them, and its work spread out.
 */
import { OmniForgeError } from "../../protocol/error.ts";

/** A stream, as far as it is one of many. */
export interface OpenStream {
  /** Sends a ping; false: it has been full ever since the last one. */
  ping(): boolean;
  /** Ends with a word on when to come again. Milliseconds. */
  dismiss(retryMs: number): void;
  cutOff(): void;
}

export interface StreamsOptions {
  /** Between two pings of a stream. Default 15 s. */
  readonly pingMs?: number;
  /** Streams of all tenants. Default 20,000. */
  readonly maximum?: number;
}

/** A stream is pinged in its turn among so many. */
const turns = 60;

export class Streams {
  readonly #turns: Set<OpenStream>[] = Array.from({ length: turns }, () => new Set());
  readonly #pingMs: number;
  readonly #maximum: number;
  #open = 0;
  #opened = 0;
  #cutOff = 0;
  #turn = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ pingMs = 15_000, maximum = 20_000 }: StreamsOptions = {}) {
    this.#pingMs = pingMs;
    this.#maximum = maximum;
  }

  get counts(): { readonly open: number; readonly opened: number; readonly cutOff: number } {
    return { open: this.#open, opened: this.#opened, cutOff: this.#cutOff };
  }

  /** Throws RATE_LIMITED or CLOSED, before anything was sent. */
  admit(): void {
    if (this.#closed) throw new OmniForgeError("CLOSED", "the server is stopping");
    if (this.#open >= this.#maximum)
      throw new OmniForgeError("RATE_LIMITED", `${this.#open} streams are open, and no more can be`, {
        details: { retryAfterSeconds: 5 },
      });
  }

  /** Returns how to take it out again. */
  add(stream: OpenStream): () => void {
    const turn = this.#turns[this.#opened++ % turns];
    turn?.add(stream);
    this.#open++;
    this.#timer ??= setInterval(() => this.#pingNext(), this.#pingMs / turns);
    return () => {
      if (turn?.delete(stream) !== true) return;
      this.#open--;
      if (this.#open > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Ends them all; clients come again after a time of their own, so that they don't come all at once. */
  close(): void {
    this.#closed = true;
    for (const turn of this.#turns)
      for (const stream of turn) stream.dismiss(500 + Math.floor(Math.random() * 2_500));
  }

  #pingNext(): void {
    const turn = this.#turns[this.#turn++ % turns];
    for (const stream of turn ?? []) {
      if (stream.ping()) continue;
      this.#cutOff++;
      stream.cutOff();
    }
  }
}
