/**
 * Following a task over connections that break: every entry of its log once and in order, and running text that is never
 * torn.
 *
 * Owns: when to come back, and with what. The server's ids are opaque; what was delivered is known by each log's seqs.
 *
 * Invariants
 * 1. An entry is yielded once, whatever the server repeats; one that does not follow on the last is not yielded: the
 *    connection is begun anew from what was delivered.
 * 2. A delta is yielded only where it continues what was yielded of its attempt, or begins one. A reset voids what its
 *    step has said.
 * 3. Once the first connection stood, only the server's refusal or the caller's signal ends it before the task's end.
 */
import type { TaskEvent } from "../protocol/event.ts";
import { ClientError } from "./client-error.ts";
import { backoff, isPassing, type Http } from "./http.ts";
import { pause } from "./pause.ts";
import { RunningText } from "./running-text.ts";
import { createServerEventParser } from "./server-events.ts";

export interface FollowOptions {
  /** Entries above this seq. Default all. */
  readonly after?: number;
  /** Sub-agents' events too. */
  readonly descendants?: boolean;
  readonly signal?: AbortSignal;
  /** Hears that the connection was lost, and how long it is until the next try. */
  readonly onRetry?: (error: unknown, waitMs: number) => void;
}

/** Three of the server's pings. */
const silenceMs = 45_000;

/** Yields until the task's terminal entry, or until the signal aborts. Throws ClientError. */
export async function* follow(
  http: Http,
  task: string,
  options: FollowOptions = {},
): AsyncGenerator<TaskEvent, void> {
  const { descendants = false, signal, onRetry } = options;
  const delivered = new Delivered(task, options.after ?? 0);
  let lastId = "";
  let hintMs: number | undefined;
  let stood = false;
  const isAborted = (): boolean => signal?.aborted === true;
  for (let attempt = 0; !isAborted(); attempt++) {
    const connection = new AbortController();
    const abort = (): void => connection.abort(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const response = await http.send(`/tasks/${encodeURIComponent(task)}/events`, {
        headers: { accept: "text/event-stream", ...(lastId !== "" && { "last-event-id": lastId }) },
        query: {
          ...(lastId === "" && options.after !== undefined && { after: options.after }),
          ...(descendants && { tree: true }),
        },
        signal: connection.signal,
      });
      if (response.status === 204) return;
      if (!response.ok) throw await http.errorOf(response);
      stood = true;
      const parser = createServerEventParser(lastId);
      for await (const text of piecesOf(response, connection)) {
        for (const { data, id } of parser.push(text)) {
          const event = read(data);
          if (event === undefined) continue;
          attempt = 0;
          const fits = delivered.take(event);
          if (fits === "gap") throw new ClientError(gap);
          if (event.type === "entry") lastId = id;
          if (fits === "new") yield event;
          if (delivered.ended) return;
        }
        hintMs = parser.retryMs ?? hintMs;
      }
      // The server has ended the stream and the task has not ended: it says when to come back.
      await wait(undefined);
    } catch (thrown) {
      if (isAborted()) return;
      const passes = thrown instanceof ClientError && isPassing(thrown);
      if (!passes || (!stood && attempt >= http.retries)) throw thrown;
      await wait(thrown);
    } finally {
      signal?.removeEventListener("abort", abort);
      // Whoever stops following leaves no connection behind.
      connection.abort();
    }

    async function wait(error: unknown): Promise<void> {
      const after = error instanceof ClientError ? error.retryAfterMs : undefined;
      const ms = after ?? backoff(attempt, hintMs);
      onRetry?.(error, ms);
      await pause(ms, signal).catch(() => undefined);
    }
  }
}

const gap = { status: 0, code: "GAP", detail: "the stream left out an entry", retryable: true };

/** What has been yielded. */
class Delivered {
  readonly #root: string;
  readonly #after: number;
  readonly #seqs = new Map<string, number>();
  readonly #text = new RunningText();
  ended = false;

  constructor(root: string, after: number) {
    this.#root = root;
    this.#after = after;
  }

  take(event: TaskEvent): "new" | "known" | "gap" {
    if (event.type !== "entry") return this.#text.take(event) ? "new" : "known";
    const { task, entry } = event;
    const last = this.#seqs.get(task) ?? (task === this.#root ? this.#after : 0);
    if (entry.seq <= last) return "known";
    if (entry.seq > last + 1) return "gap";
    this.#seqs.set(task, entry.seq);
    this.#text.take(event);
    this.ended ||= task === this.#root && entry.kind === "ended";
    return "new";
  }
}

/** The stream's text, piece by piece. A connection that is silent for too long is taken for dead. */
async function* piecesOf(response: Response, connection: AbortController): AsyncGenerator<string, void> {
  if (response.body === null) return;
  const decoder = new TextDecoder();
  const body: ReadableStream<Uint8Array> = response.body;
  const reader = body.getReader();
  let silence: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      silence = setTimeout(() => connection.abort(new Error("the server was silent")), silenceMs);
      const { done, value } = await reader.read();
      clearTimeout(silence);
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } catch (thrown) {
    // A connection that breaks is one that could not be kept up.
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ClientError({ status: 0, code: "UNREACHABLE", detail, retryable: true }, { cause: thrown });
  } finally {
    clearTimeout(silence);
  }
}

/** Undefined for events of a later release. */
function read(data: string): TaskEvent | undefined {
  const event: unknown = JSON.parse(data);
  return isTaskEvent(event) ? event : undefined;
}

function isTaskEvent(event: unknown): event is TaskEvent {
  if (typeof event !== "object" || event === null || !("type" in event)) return false;
  return event.type === "entry" || event.type === "delta" || event.type === "reset";
}
