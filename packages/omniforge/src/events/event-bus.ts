/** Announcements and deltas within this process. Hints only (W4): nobody relies on hearing them. */
import type { TaskEvent } from "../protocol/event.ts";
import { LiveText, type LiveStep } from "./live-text.ts";

export interface EventBus {
  readonly publish: (event: TaskEvent) => void;
  /** Returns how to stop listening. A listener must not throw. */
  readonly subscribe: (listener: (event: TaskEvent) => void) => () => void;
  /** What the running steps of a task have said so far. */
  readonly live: (task: string) => readonly LiveStep[];
}

export function createEventBus(): EventBus {
  const listeners = new Set<(event: TaskEvent) => void>();
  const text = new LiveText();
  return {
    publish(event) {
      text.note(event);
      for (const listener of listeners) listener(event);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    live: (task) => text.of(task),
  };
}
