/**
 * Where model and tool steps of this process run: side by side, except for suspects (rule 8).
 *
 * Invariants: a step that runs alone starts when nothing else runs in here, and nothing starts beside it; whoever came
 * first starts first; who is aborted while waiting leaves. How many run at once is the worker's to say.
 */
export interface Room {
  /** The step's result; undefined when the signal aborted before its turn came. */
  run<Value>(alone: boolean, signal: AbortSignal, perform: () => Promise<Value>): Promise<Value | undefined>;
}

interface Waiting {
  readonly alone: boolean;
  readonly enter: () => void;
}

export function createRoom(): Room {
  const queue: Waiting[] = [];
  let running = 0;
  let exclusive = false;

  function admit(): void {
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      if (exclusive || (first.alone && running > 0)) return;
      queue.shift();
      running++;
      exclusive = first.alone;
      first.enter();
    }
  }

  /** Whether it was let in. */
  function wait(alone: boolean, signal: AbortSignal): Promise<boolean> {
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
