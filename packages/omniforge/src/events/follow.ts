/**
 * Following a task: its log from any seq on, gap-free and in order, with deltas as they come, until it ends.
 *
 * Entries are read from the log and never taken from an announcement, so that a lost one costs time and a doubled one
 * nothing. The log's head is compared at intervals besides (W4).
 */
import type { TaskEvent } from "../protocol/event.ts";
import type { TaskReference } from "../protocol/task.ts";
import type { TaskStore } from "../store/task-store.ts";
import type { EventBus } from "./event-bus.ts";

export interface FollowOptions {
  /** Entries above this seq. Default all. */
  readonly after?: number;
  /** Sub-agents' events too, from their start. */
  readonly descendants?: boolean;
  readonly signal?: AbortSignal;
  /** How often the log is compared. Default 100 ms, which costs microseconds where nothing was written. */
  readonly compareMs?: number;
}

const entriesAtOnce = 500;
const maximumDeltas = 10_000;

/** Yields until the task's terminal entry, or until the signal aborts. Closing it never touches the task. */
export async function* follow(
  store: TaskStore,
  bus: EventBus,
  root: TaskReference,
  options: FollowOptions = {},
): AsyncGenerator<TaskEvent, void> {
  const { tenant } = root;
  const seen = new Map<string, number>([[root.task, options.after ?? 0]]);
  const deltas: TaskEvent[] = [];
  let stirred = true;
  let wake: (() => void) | undefined;
  const stir = (): void => {
    stirred = true;
    wake?.();
  };
  const unsubscribe = bus.subscribe((event) => {
    if (!seen.has(event.task)) return;
    // A follower that does not read loses deltas, never entries: offsets show the gap, the finished message fills it.
    if (deltas.length >= maximumDeltas) deltas.length = 0;
    if (event.type !== "entry") deltas.push(event);
    stir();
  });
  const timer = setInterval(stir, options.compareMs ?? 100);
  options.signal?.addEventListener("abort", stir, { once: true });
  try {
    while (options.signal?.aborted !== true) {
      if (!stirred) await new Promise<void>((resolve) => (wake = resolve));
      stirred = false;
      yield* deltas.splice(0);
      for (const task of seen.keys()) {
        const page = await store.read({ tenant, task }, seen.get(task) ?? 0, entriesAtOnce);
        if (page.length === entriesAtOnce) stirred = true;
        for (const entry of page) {
          // Deltas that were published before this entry come before it.
          yield* deltas.splice(0);
          seen.set(task, entry.seq);
          if (options.descendants === true && entry.kind === "child" && !seen.has(entry.body.task))
            seen.set(entry.body.task, 0);
          yield { type: "entry", task, entry };
          if (task === root.task && entry.kind === "ended") return;
        }
      }
      const row = await store.row(root);
      if (row === undefined || (row.endedSeq !== null && (seen.get(root.task) ?? 0) >= row.endedSeq)) return;
    }
  } finally {
    unsubscribe();
    clearInterval(timer);
    options.signal?.removeEventListener("abort", stir);
  }
}
