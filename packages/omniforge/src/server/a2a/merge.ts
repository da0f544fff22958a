/** Several streams as one: each in its own order, none ahead of the reader by more than one item. */
export interface Merged<Item> {
  readonly items: AsyncGenerator<Item, void>;
  /** One more stream. */
  readonly add: (source: AsyncGenerator<Item, void>) => void;
}

/**
 * Ends when all of them have. What one throws is thrown to the reader. `stop` ends them all: a stream that waits for its next
 * item hears nothing else.
 */
export function merge<Item>(sources: readonly AsyncGenerator<Item, void>[], stop: () => void): Merged<Item> {
  const running = new Set<AsyncGenerator<Item, void>>();
  const ready: { readonly item: Item; readonly taken: () => void }[] = [];
  let failure: { readonly thrown: unknown } | undefined;
  let wake = (): void => undefined;

  async function pump(source: AsyncGenerator<Item, void>): Promise<void> {
    try {
      for await (const item of source)
        await new Promise<void>((taken) => {
          ready.push({ item, taken });
          wake();
        });
    } catch (thrown) {
      failure ??= { thrown };
    } finally {
      running.delete(source);
      wake();
    }
  }
  const add = (source: AsyncGenerator<Item, void>): void => {
    running.add(source);
    void pump(source);
  };
  async function* read(): AsyncGenerator<Item, void> {
    try {
      for (;;) {
        const next = ready.shift();
        if (next !== undefined) {
          yield next.item;
          next.taken();
        } else if (failure !== undefined) throw failure.thrown;
        else if (running.size === 0) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      stop();
      for (const { taken } of ready) taken();
      await Promise.all([...running].map((source) => source.return()));
    }
  }
  for (const source of sources) add(source);
  return { items: read(), add };
}
