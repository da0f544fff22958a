/** Waiting on conditions. */

export interface Gate {
  readonly passed: Promise<void>;
  readonly open: () => void;
}

export function gate(): Gate {
  const { promise: passed, resolve: open } = Promise.withResolvers<void>();
  return { passed, open };
}

/** Everything that a stream still has. */
export async function collect<Item>(stream: AsyncGenerator<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** A response's body, piece by piece; `undefined` at its end. */
export function reading(response: Response): {
  readonly next: () => Promise<string | undefined>;
  readonly leave: () => Promise<void>;
} {
  const body: ReadableStream<Uint8Array> | null = response.body;
  const reader = body?.getReader();
  return {
    async next() {
      const piece = await reader?.read();
      return piece?.value === undefined ? undefined : new TextDecoder().decode(piece.value);
    },
    leave: async () => reader?.cancel(),
  };
}
