/**
 * Where the steps of a process run: side by side, except for suspects (rule 8). Tasks that wait are not in here (P4).
 *
 * Invariants: at most `size` steps run at once; a step that runs alone starts when nothing else runs in here, and nothing
 * starts beside it; whoever came first starts first; who is aborted while waiting leaves at once.
 */
export interface Room {
  /** The step's result; undefined when the signal aborted before its turn came. */
  run<Value>(alone: boolean, signal: AbortSignal, perform: () => Promise<Value>): Promise<Value | undefined>;
}

interface Waiting {
  readonly alone: boolean;
  readonly enter: () => void;
}

/** `size`: by default without end, where somebody else says how many run at once. */
export function createRoom(size = Infinity): Room {
  const queue: Waiting[] = [];
  let running = 0;
  let exclusive = false;

  function admit(): void {
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      if (exclusive || running >= (first.alone ? 1 : size)) return;
      queue.shift();
      running++;
      exclusive = first.alone;
      first.enter();
    }
  }

  /** Whether it was let in. */
  function wait(alone: boolean, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const leave = (): void => {
        const at = queue.indexOf(waiting);
        if (at === -1) return;
        queue.splice(at, 1);
        resolve(false);
        admit();
      };
      const waiting: Waiting = {
        alone,
        enter: () => {
          signal.removeEventListener("abort", leave);
          resolve(true);
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      queue.push(waiting);
      admit();
    });
  }

  return {
    async run(alone, signal, perform) {
      if (!(await wait(alone, signal))) return undefined;
      try {
        return await perform();
      } finally {
        running--;
        if (alone) exclusive = false;
        admit();
      }
    },
  };
}
