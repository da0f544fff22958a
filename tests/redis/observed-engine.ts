/**
 * An engine whose processes tell through Redis what they announce, and one beside them all, who follows each of their tasks
 * from the first word on: as a server does that executes nothing.
 */
import assert from "node:assert/strict";
import type { TaskStore } from "omniforge/store";
import type { CreateEngine } from "omniforge/testing";
import { vi } from "vitest";
import { createEventBus } from "../../packages/omniforge/src/events/event-bus.ts";
import { redisRelay } from "../../packages/omniforge/src/events/redis/redis-relay.ts";
import { openPlace, type Hearer, type Place } from "./place.ts";

/** Follows tasks of one scenario, in a store handle of its own. */
export class Observer {
  readonly #store: TaskStore;
  readonly #place: Place;
  readonly #hearers = new Map<string, Hearer>();

  constructor(address: string, store: TaskStore) {
    this.#store = store;
    this.#place = openPlace(address, store, { compareMs: 100 });
  }

  follow(task: string, tenant: string): void {
    if (!this.#hearers.has(task)) this.#hearers.set(task, this.#place.follow(task, tenant));
  }

  /** All tasks have ended: so has what was heard of them, whole and in order. Returns how many pieces came. */
  async finish(patienceMs: number): Promise<number> {
    try {
      for (const hearer of this.#hearers.values()) {
        await vi.waitUntil(() => hearer.ended, { timeout: patienceMs });
        assert.deepEqual(hearer.torn, []);
        assert.equal(hearer.text, "");
        const seqs = hearer.entries.map(({ seq }) => seq);
        assert.deepEqual(
          seqs,
          seqs.map((_, index) => index + 1),
        );
      }
      return [...this.#hearers.values()].flatMap(({ events }) =>
        events.filter(({ type }) => type === "delta"),
      ).length;
    } finally {
      await this.#place[Symbol.asyncDispose]();
      await this.#store.close();
    }
  }
}

/** `observer`: of the scenario that is played just now. */
export function observed(
  create: CreateEngine,
  redis: () => string,
  observer: () => Observer | undefined,
): CreateEngine {
  return async (world, options) => {
    const bus = createEventBus();
    const relay = redisRelay(redis(), bus.live);
    const engine = await create(
      {
        ...world,
        publish(event, tenant) {
          world.publish(event, tenant);
          bus.publish(event);
          relay.tell({ tenant, task: event.task }, event);
          observer()?.follow(event.task, tenant);
        },
      },
      options,
    );
    return {
      ...engine,
      backend: {
        ...engine.backend,
        async close() {
          await engine.backend.close();
          await relay.close();
        },
      },
      async kill(fail) {
        await relay.close();
        await engine.kill?.(fail);
      },
    };
  };
}
