/**
 * Where the steps of a process run: side by side, except for suspects (rule 8). Tasks that wait are not in here (P4).
 *
 * Invariants: at most `size` steps run at once; a step that runs alone starts when nothing else runs in here, and nothing
 * starts beside it; tenants take turns, and of one tenant whoever came first starts first; who is aborted while waiting
 * leaves at once.
 */
export interface Room {
  /** The step's result; undefined when the signal aborted before its turn came. */
  run<Value>(
    alone: boolean,
    signal: AbortSignal,
    perform: () => Promise<Value>,
    tenant?: string,
  ): Promise<Value | undefined>;
}

interface Waiting {
  readonly alone: boolean;
  readonly enter: () => void;
}

/** `size`: by default without end, where somebody else says how many run at once. */
export function createRoom(size = Infinity): Room {
  /** By tenant; the tenant whose turn it is first. None is empty. */
  const queues = new Map<string, Waiting[]>();
  let running = 0;
  let exclusive = false;

  function admit(): void {
    for (const [tenant, queue] of queues) {
      const [first] = queue;
      if (first === undefined || exclusive || running >= (first.alone ? 1 : size)) return;
      queues.delete(tenant);
      queue.shift();
      // Last in line again; this loop then comes to it again.
      if (queue.length > 0) queues.set(tenant, queue);
      running++;
      exclusive = first.alone;
      first.enter();
    }
  }

  /** Whether it was let in. */
  function wait(alone: boolean, signal: AbortSignal, tenant: string): boolean | Promise<boolean> {
    if (signal.aborted) return false;
    // Nobody waits and there is room: in at once, as nearly all are.
    if (queues.size === 0 && !exclusive && running < (alone ? 1 : size)) {
      running++;
      exclusive = alone;
      return true;
    }
    return new Promise((resolve) => {
      const leave = (): void => {
        const queue = queues.get(tenant) ?? [];
        const at = queue.indexOf(waiting);
        if (at === -1) return;
        queue.splice(at, 1);
        if (queue.length === 0) queues.delete(tenant);
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
      const queue = queues.get(tenant) ?? [];
      queue.push(waiting);
      queues.set(tenant, queue);
      admit();
    });
  }

  return {
    async run(alone, signal, perform, tenant = "") {
      if (!(await wait(alone, signal, tenant))) return undefined;
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
