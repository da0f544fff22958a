/**
 * A stream of server-sent events that is read as fast as its client reads it, and no faster.
 *
 * Invariants: what fails before the first event is a proper error response; a client that goes away ends the source (by
 * `leave`: a source that waits hears nothing else), and touches nothing else; comments keep the connection open.
 */
const heartbeatMs = 15_000;
const encoder = new TextEncoder();

export const eventStreamHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/** The response, once there is a first item; throws what the source throws before that. */
export async function eventStream<Item>(
  source: AsyncGenerator<Item, void, undefined>,
  toData: (item: Item) => unknown,
  toError: (thrown: unknown) => unknown,
  leave: () => void,
): Promise<ReadableStream<Uint8Array>> {
  const line = (data: unknown): Uint8Array => encoder.encode(`data: ${JSON.stringify(data)}\n\n`);
  let next: Promise<IteratorResult<Item, void>> | undefined = Promise.resolve(await source.next());
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        next ??= source.next();
        try {
          const result = await orHeartbeat(next);
          if (result === undefined) return controller.enqueue(encoder.encode(": still here\n\n"));
          next = undefined;
          if (result.done === true) controller.close();
          else controller.enqueue(line(toData(result.value)));
        } catch (thrown) {
          controller.enqueue(encoder.encode("event: error\n"));
          controller.enqueue(line(toError(thrown)));
          controller.close();
        }
      },
      async cancel() {
        leave();
        await source.return();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Undefined when nothing came for a while. */
async function orHeartbeat<Value>(value: Promise<Value>): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), heartbeatMs);
  });
  try {
    return await Promise.race([value, silence]);
  } finally {
    clearTimeout(timer);
  }
}
