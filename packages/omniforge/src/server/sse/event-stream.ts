/**
 * One client that follows a task over SSE.
 *
 * Invariants: an id on durable entries only; nothing is kept for a client that does not read, beyond what its socket holds,
 * and one that is full from one ping to the next is cut off: it knows when to come again, and goes on where it was.
 * Closing never touches the task. It has its place before there is a task to follow: who finds none has asked for nothing.
 */
import type { OmniForge } from "../../create-omniforge.ts";
import { Follower, type Sink } from "../../events/follower.ts";
import type { LiveEvent } from "../../events/live-view.ts";
import type { Entry } from "../../protocol/entry.ts";
import { entryFrame, liveFrame, pingFrame, retryFrame } from "./frame.ts";
import type { Outlet, OutletListener } from "./outlet.ts";
import { maximumDescendants, writePosition, type Position } from "./position.ts";
import { takePlace, type Visitor } from "./place.ts";
import type { OpenStream } from "./streams.ts";

/** What is streamed. */
export interface Followed {
  readonly task: string;
  readonly after: Position;
  readonly tree?: boolean;
  /** The stream ends after this entry of the task's own log, besides after its last. */
  readonly until?: (entry: Entry) => boolean;
}

/** How soon a client that lost its connection comes again. Milliseconds. */
const retryMs = 1_000;

export class EventStream implements Sink, OpenStream, OutletListener {
  readonly #forge: OmniForge;
  readonly #leave: () => void;
  #following: { readonly followed: Followed; readonly follower: Follower } | undefined;
  #over = false;
  #outlet: Outlet | undefined;
  #full = false;
  #wasFull = false;

  /** Takes a place, for what is still to be known. Throws RATE_LIMITED or CLOSED. */
  constructor(forge: OmniForge, visitor: Visitor) {
    this.#leave = takePlace(visitor, this, () => this.end());
    this.#forge = forge;
  }

  /** Begins. The first bytes go at once, so that the client knows that it is heard. */
  start(followed: Followed, outlet: Outlet): void {
    this.#outlet = outlet;
    this.#write(retryFrame(retryMs));
    // The server stopped, or the key ended, before there was anything to follow.
    if (this.#over) return this.end();
    const { task, after, tree } = followed;
    const follower = new Follower(this.#forge.watch, { tenant: this.#forge.tenant, task }, this, {
      after,
      ...(tree === true && { descendants: maximumDescendants }),
    });
    this.#following = { followed, follower };
    follower.start();
  }

  entry(task: string, entry: Entry): boolean {
    if (this.#following === undefined) return false;
    const { followed, follower } = this.#following;
    const { task: root, tree, until } = followed;
    const id = writePosition(root, follower.seen, tree === true);
    const goesOn = this.#write(entryFrame(this.#forge, task, entry, id));
    if (task === root && until?.(entry) === true) this.end();
    return goesOn;
  }

  live(event: LiveEvent): boolean {
    return this.#write(liveFrame(event));
  }

  end(): void {
    const outlet = this.#outlet;
    this.#stop();
    outlet?.end();
  }

  /** The log can't be read now: the client comes again. */
  fail(): void {
    this.end();
  }

  ping(): boolean {
    if (!this.#full) {
      this.#wasFull = false;
      this.#write(pingFrame);
      return true;
    }
    if (this.#wasFull) return false;
    this.#wasFull = true;
    return true;
  }

  dismiss(comeAgainMs: number): void {
    this.#write(retryFrame(comeAgainMs));
    this.end();
  }

  cutOff(): void {
    const outlet = this.#outlet;
    this.#stop();
    outlet?.destroy();
  }

  drained(): void {
    this.#full = false;
    this.#wasFull = false;
    if (this.#outlet !== undefined) this.#following?.follower.resume();
  }

  closed(): void {
    this.#stop();
  }

  #write(text: string): boolean {
    if (this.#outlet === undefined) return false;
    const goesOn = this.#outlet.write(text);
    if (!goesOn) this.#full = true;
    return goesOn;
  }

  #stop(): void {
    this.#over = true;
    this.#outlet = undefined;
    this.#following?.follower.close();
    this.#leave();
  }
}
