/**
 * Where a stream's bytes go: straight into the socket's response, or, where the app is called without a port, into a
 * web stream. Neither keeps more than it has been given; a full one says so.
 */
import type { ServerResponse } from "node:http";

export interface Outlet {
  /** False: full. What was written is kept all the same. */
  write(text: string): boolean;
  /** Ends in good order. */
  end(): void;
  /** Ends at once: nobody reads. */
  destroy(): void;
}

export interface OutletListener {
  /** There is room again. */
  drained(): void;
  /** The client is gone. */
  closed(): void;
}

/** Takes over the response. */
export function socketOutlet(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  listener: OutletListener,
): Outlet {
  response.writeHead(status, headers);
  response.on("drain", () => listener.drained());
  response.on("close", () => listener.closed());
  // A client that is gone is told by `close`.
  response.on("error", () => undefined);
  return {
    write: (text) => response.write(text),
    end: () => void response.end(),
    destroy: () => void response.destroy(),
  };
}

/** Bytes that a web stream takes before it is full. */
const highWaterMark = 64 * 1024;

export function webOutlet(listener: OutletListener): {
  readonly outlet: Outlet;
  readonly body: ReadableStream;
} {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let full = false;
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
      },
      pull() {
        if (!full) return;
        full = false;
        listener.drained();
      },
      cancel: () => listener.closed(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark }),
  );
  const close = (): void => {
    controller?.close();
    controller = undefined;
  };
  return {
    body,
    outlet: {
      write(text) {
        controller?.enqueue(encoder.encode(text));
        full = (controller?.desiredSize ?? 0) <= 0;
        return !full;
      },
      end: close,
      destroy: close,
    },
  };
}
