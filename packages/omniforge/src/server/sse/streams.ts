/**
 * All event streams of one server.
 *
 * Owns: pings, cutting off who does not read, how many there may be, and their end when the server stops. One timer for all
 * of them, and its work spread out.
 *
 * Invariant: where there are keys, a tenant gets another stream only while more are free than it holds: one alone gets half
 * of all, the next one half of what is left.
 */
import { OmniForgeError } from "../../protocol/error.ts";
import type { Caller } from "../caller.ts";

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
  /** Streams of all tenants together. Default 20,000. */
  readonly maximum?: number;
}

/** A stream is pinged in its turn among so many. */
const turns = 60;

export class Streams {
  readonly #turns: Set<OpenStream>[] = Array.from({ length: turns }, () => new Set());
  readonly #pingMs: number;
  readonly #maximum: number;
  readonly #held = new Map<string, number>();
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

  /** Takes in a stream of this caller's, and returns how to take it out again. Throws RATE_LIMITED or CLOSED. */
  add(stream: OpenStream, caller: Caller): () => void {
    this.#admit(caller);
    const { tenant } = caller;
    this.#count(tenant, 1);
    const turn = this.#turns[this.#opened++ % turns];
    turn?.add(stream);
    this.#timer ??= setInterval(() => this.#pingNext(), this.#pingMs / turns);
    return () => {
      if (turn?.delete(stream) !== true) return;
      this.#count(tenant, -1);
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

  /** Without keys there is one tenant, and nobody to leave room for. */
  #admit({ tenant, key }: Caller): void {
    if (this.#closed) throw new OmniForgeError("CLOSED", "the server is stopping");
    const free = this.#maximum - this.#open;
    const held = this.#held.get(tenant) ?? 0;
    if (free > 0 && (key === undefined || held < free)) return;
    const why =
      free > 0
        ? `the tenant has ${held} streams open, and the rest is for others`
        : `${this.#open} streams are open, and no more can be`;
    throw new OmniForgeError("RATE_LIMITED", why, { details: { retryAfterSeconds: 5 } });
  }

  #count(tenant: string, by: 1 | -1): void {
    this.#open += by;
    const held = (this.#held.get(tenant) ?? 0) + by;
    if (held === 0) this.#held.delete(tenant);
    else this.#held.set(tenant, held);
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
