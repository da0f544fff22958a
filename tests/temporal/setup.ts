/** Backends over one server, each on a task queue of its own, closed after their test. */
import { randomUUID } from "node:crypto";
import type { Backend } from "omniforge/backend";
import { temporal, type TemporalOptions } from "../../packages/temporal/src/index.ts";
import type { TestServer } from "./server.ts";
import type { TestWorld } from "./world.ts";

export interface Bench {
  /** A backend that performs steps, unless `work` is false. Reconciles quickly, so that tests need not wait. */
  open(world: TestWorld, options?: TemporalOptions & { readonly work?: boolean }): Promise<Backend>;
  /** The queue that all of this bench's backends share. */
  readonly taskQueue: string;
  /** What was reported to `onError`. */
  readonly errors: unknown[];
  close(): Promise<void>;
}

export function createBench(server: TestServer): Bench {
  const taskQueue = `q-${randomUUID().slice(0, 8)}`;
  const { address, namespace } = server;
  const open = new Set<Backend>();
  const worlds = new Set<TestWorld>();
  const errors: unknown[] = [];
  return {
    taskQueue,
    errors,
    async open(world, { work = true, ...options } = {}) {
      worlds.add(world);
      const onError = (error: unknown): void => void errors.push(error);
      const reconcile = { everyMs: 300, quietMs: 1_000 };
      const made = await temporal({ address, namespace, taskQueue, onError, reconcile, ...options })(world, {
        work,
      });
      const backend: Backend = {
        ...made,
        async close() {
          if (open.delete(backend)) await made.close();
        },
      };
      open.add(backend);
      return backend;
    },
    async close() {
      for (const backend of open) await backend.close();
      for (const world of worlds) await world.remove();
    },
  };
}
