/**
 * The channels that this process listens to, one change at a time: a driver that is told to leave and to join the same
 * channel at once may do them in either order.
 */
import type { Client } from "./load-driver.ts";

export interface SubscriptionUser {
  readonly hear: (message: string, channel: string) => void;
  /** What is told on these from now on is heard. */
  joined(channels: readonly string[]): void;
  /** The server does not let this process listen. */
  failed(thrown: unknown): void;
}

/** Channels in one command. */
const atOnce = 1_000;

export class Subscriptions {
  readonly #user: SubscriptionUser;
  readonly #joining = new Set<string>();
  readonly #leaving = new Set<string>();
  #client: Client | undefined;
  #busy = false;

  constructor(user: SubscriptionUser) {
    this.#user = user;
  }

  /** A new connection, or none: it listens to nothing yet. */
  use(client: Client | undefined, channels: Iterable<string> = []): void {
    this.#client = client;
    this.#leaving.clear();
    this.#joining.clear();
    for (const channel of channels) this.#joining.add(channel);
    void this.#change();
  }

  join(channel: string): void {
    this.#leaving.delete(channel);
    // Also where it was about to be left: who joins wants to know what there is.
    this.#joining.add(channel);
    void this.#change();
  }

  leave(channel: string): void {
    this.#joining.delete(channel);
    this.#leaving.add(channel);
    void this.#change();
  }

  async #change(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let client = this.#client; client !== undefined; client = this.#client) {
      const [leaves, joins] = [taken(this.#leaving), taken(this.#joining)];
      if (leaves.length + joins.length === 0) break;
      try {
        if (leaves.length > 0) await client.unsubscribe(leaves, this.#user.hear);
        if (joins.length > 0) await client.subscribe(joins, this.#user.hear);
        if (client === this.#client) this.#user.joined(joins);
      } catch (thrown) {
        if (client === this.#client) this.#user.failed(thrown);
      }
    }
    this.#busy = false;
  }
}

function taken(channels: Set<string>): string[] {
  const some = [...channels].slice(0, atOnce);
  for (const channel of some) channels.delete(channel);
  return some;
}
