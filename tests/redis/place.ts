/** One process of several that share a store and a Redis server, as far as live events go. */
import type { Entry, TaskEvent } from "omniforge/protocol";
import type { TaskStore } from "omniforge/store";
import { createEventBus } from "../../packages/omniforge/src/events/event-bus.ts";
import { Follower, type FollowerOptions } from "../../packages/omniforge/src/events/follower.ts";
import type { LiveEvent } from "../../packages/omniforge/src/events/live-view.ts";
import { maskRelay } from "../../packages/omniforge/src/events/mask-relay.ts";
import { redisRelay } from "../../packages/omniforge/src/events/redis/redis-relay.ts";
import { createWatch } from "../../packages/omniforge/src/events/watch.ts";
import type { Redactor } from "../../packages/omniforge/src/redaction/redactor.ts";
import { RunningText } from "omniforge/client";

export const key = "1/model/0";

/** What one who follows a task was told, put together as the client does. */
export class Hearer {
  readonly events: TaskEvent[] = [];
  readonly entries: Entry[] = [];
  /** Pieces that don't follow on what was told before: there must be none. */
  readonly torn: LiveEvent[] = [];
  readonly #text = new RunningText();
  readonly #task: string;
  ended = false;

  constructor(task: string) {
    this.#task = task;
  }

  take(event: TaskEvent): true {
    this.events.push(event);
    if (event.type === "entry") this.entries.push(event.entry);
    if (!this.#text.take(event) && event.type !== "entry") this.torn.push(event);
    return true;
  }

  get text(): string {
    return this.#text.of(this.#task);
  }
}

export interface Place extends AsyncDisposable {
  /** As a step announces it. */
  say(event: TaskEvent): void;
  follow(task: string, tenant?: string, options?: Partial<FollowerOptions>): Hearer;
}

export interface PlaceOptions {
  readonly tenant?: string;
  /** Never, by default: what is heard here comes through Redis, or is there when one begins to follow. */
  readonly compareMs?: number;
  /** A server that says nothing for this long is taken for lost. */
  readonly answerMs?: number;
  /** What this process knows to be secret. */
  readonly redactor?: Redactor;
}

export function openPlace(address: string, store: TaskStore, options: PlaceOptions = {}): Place {
  const { tenant = "default", compareMs = 1_000_000, answerMs = 5_000, redactor } = options;
  const bus = createEventBus();
  const relay = redisRelay(address, bus.live, { answerMs });
  const watch = createWatch(store, bus, {
    compareMs,
    relay: redactor === undefined ? relay : maskRelay(relay, redactor),
  });
  const followers: Follower[] = [];
  return {
    say(event) {
      bus.publish(event);
      relay.tell({ tenant, task: event.task }, event);
    },
    follow(task, whose = tenant, more = {}) {
      const hearer = new Hearer(task);
      const sink = {
        entry: (of: string, entry: Entry) => hearer.take({ type: "entry", task: of, entry }),
        live: (event: LiveEvent) => hearer.take(event),
        end: () => void (hearer.ended = true),
        fail: (thrown: unknown) => {
          throw thrown;
        },
      };
      const follower = new Follower(watch, { tenant: whose, task }, sink, { after: new Map(), ...more });
      followers.push(follower);
      follower.start();
      return hearer;
    },
    async [Symbol.asyncDispose]() {
      for (const follower of followers) follower.close();
      await relay.close();
    },
  };
}

/** An attempt at the model step of turn 1, that began when the log was so long. */
export function attemptOf(task: string, number: number, name = "a") {
  const attempt = `${number}.${name}`;
  const offsets = { text: 0, reasoning: 0 };
  return {
    attempt,
    begins: (): TaskEvent => ({ type: "reset", task, key, attempt }),
    says(text: string, channel: "text" | "reasoning" = "text"): TaskEvent {
      const offset = offsets[channel];
      offsets[channel] += text.length;
      return { type: "delta", task, key, attempt, channel, offset, text };
    },
  };
}
