/** The standard output, guarded: a reader who has gone away (`head`) is no error, but the end of showing anything. */

export interface Output {
  /** A terminal: text may be streamed, and a person may be asked. */
  readonly live: boolean;
  readonly columns: number;
  /** Aborted once nobody reads any more; writing then does nothing. */
  readonly gone: AbortSignal;
  readonly write: (text: string) => void;
}

interface Stream extends NodeJS.EventEmitter {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
}

/** Whether an error says that nobody reads any more. EIO: the terminal was closed. */
export function isGone(error: Error): boolean {
  return "code" in error && (error.code === "EPIPE" || error.code === "EIO");
}

/** Guards a stream. */
export function openOutput(stream: Stream): Output {
  const gone = new AbortController();
  stream.on("error", (error: Error) => {
    if (!isGone(error)) throw error;
    gone.abort();
  });
  const live = stream.isTTY === true && process.env["TERM"] !== "dumb";
  return {
    live,
    gone: gone.signal,
    get columns() {
      if (!live) return Number.POSITIVE_INFINITY;
      // A terminal that does not know its size says 0.
      const columns = stream.columns ?? 0;
      return columns === 0 ? 80 : Math.max(20, columns);
    },
    write(text) {
      if (!gone.signal.aborted) stream.write(text);
    },
  };
}
