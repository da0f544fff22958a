/** Announcements and deltas within this process. Hints only (W4): nobody relies on hearing them. */
import type { TaskEvent } from "../protocol/event.ts";

export interface EventBus {
  readonly publish: (event: TaskEvent) => void;
  /** Returns how to stop listening. A listener must not throw. */
  readonly subscribe: (listener: (event: TaskEvent) => void) => () => void;
}

export function createEventBus(): EventBus {
  const listeners = new Set<(event: TaskEvent) => void>();
  return {
    publish(event) {
      for (const listener of listeners) listener(event);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
