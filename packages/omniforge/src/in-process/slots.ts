/**
 * Slots for running steps: tasks that wait hold none (P4).
 *
 * Invariants: at most `size` steps run at once; a step that runs alone (rule 8) starts when nothing else runs, and nothing
 * starts beside it; whoever asked first starts first.
 */
export interface Slots {
  run<Value>(alone: boolean, perform: () => Promise<Value>): Promise<Value>;
}

export function createSlots(size: number): Slots {
  const queue: { readonly alone: boolean; readonly start: () => void }[] = [];
  let running = 0;
  let exclusive = false;

  const next = (): void => {
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      if (exclusive || running >= (first.alone ? 1 : size)) return;
      queue.shift();
      running++;
      exclusive = first.alone;
      first.start();
    }
  };

  return {
    async run(alone, perform) {
      await new Promise<void>((start) => {
        queue.push({ alone, start });
        next();
      });
      try {
        return await perform();
      } finally {
        running--;
        if (alone) exclusive = false;
        next();
      }
    },
  };
}
