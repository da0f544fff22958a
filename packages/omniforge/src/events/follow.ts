/** Following a task as an async generator: for programs, the command line, and protocols that translate events. */
import type { TaskEvent } from "../protocol/event.ts";
import type { TaskReference } from "../protocol/task.ts";
import { Follower } from "./follower.ts";
import type { Watch } from "./watch.ts";

export interface FollowOptions {
  /** Entries above this seq. Default all. */
  readonly after?: number;
  /** Sub-agents' events too, from their start. */
  readonly descendants?: boolean;
  readonly signal?: AbortSignal;
}

/** Events that wait for a reader before the log is read no further. */
const maximumWaiting = 500;

/** Yields until the task's terminal entry, or until the signal aborts. Closing it never touches the task. */
export async function* follow(
  watch: Watch,
  root: TaskReference,
  { after = 0, descendants = false, signal }: FollowOptions = {},
): AsyncGenerator<TaskEvent, void> {
  const waiting: TaskEvent[] = [];
  let ended = false;
  let failure: { readonly thrown: unknown } | undefined;
  let wake: (() => void) | undefined;
  const stir = (): void => wake?.();
  const isAborted = (): boolean => signal?.aborted === true;
  const follower = new Follower(
    watch,
    root,
    {
      entry(task, entry) {
        waiting.push({ type: "entry", task, entry });
        stir();
        return waiting.length < maximumWaiting;
      },
      live(event) {
        waiting.push(event);
        stir();
        return waiting.length < maximumWaiting;
      },
      end() {
        ended = true;
        stir();
      },
      fail(thrown) {
        failure = { thrown };
        stir();
      },
    },
    { after: new Map([[root.task, after]]), ...(descendants && { descendants: Infinity }) },
  );
  signal?.addEventListener("abort", stir, { once: true });
  try {
    follower.start();
    while (!isAborted()) {
      const [event] = waiting.splice(0, 1);
      if (event !== undefined) {
        yield event;
        if (waiting.length === 0) follower.resume();
        continue;
      }
      if (failure !== undefined) throw failure.thrown;
      if (ended) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    follower.close();
    signal?.removeEventListener("abort", stir);
  }
}
