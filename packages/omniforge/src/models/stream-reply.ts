/**
 * One model call: streams, reports deltas, and returns the finished message or one classified failure.
 *
 * Owns: what counts as success (the provider said that it finished, and no `error` part came), and the time limits of an
 * attempt. Does not retry: the interpreter owns that, and the provider packages are called where they don't either.
 */
import { noUsage, type Part, type Usage } from "../protocol/message.ts";
import type {
  LanguageModel,
  ModelCallOptions,
  ModelStreamPart,
  ModelStreamResult,
} from "./language-model.ts";
import { ModelFailure, toModelFailure } from "./model-failure.ts";
import { readable } from "./told-failure.ts";
import { ReplyParts } from "./reply-parts.ts";

export interface ModelReply {
  readonly parts: readonly Part[];
  readonly usage: Usage;
  readonly stop: string;
}

export interface StreamOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number;
  /** The family that reasoning parts are marked with. */
  readonly family: string;
  readonly onDelta: (channel: "text" | "reasoning", text: string) => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/**
 * Streams one reply. Throws ModelFailure, an OmniForgeError of the model itself (MODEL_PACKAGE_MISSING), or the signal's
 * reason when the caller aborted. However it ends, the connection is closed by then.
 */
export async function streamReply(
  model: LanguageModel,
  call: ModelCallOptions,
  options: StreamOptions,
): Promise<ModelReply> {
  // Aborted by the caller, by a limit, or by what went wrong: one signal for the provider, made by hand because a
  // composed one costs as much as all the rest of a call.
  const stop = new AbortController();
  const forward = (): void => stop.abort(options.signal.reason);
  options.signal.addEventListener("abort", forward, { once: true });
  const over = new AbortController();
  const heard = { at: options.now() };
  untilLimit(options, heard, over.signal).then((what) => stop.abort(timeout(what)), ignore);
  const reply = new ReplyParts(options.family, options.onDelta);
  try {
    options.signal.throwIfAborted();
    const { stream } = await abortable(
      model.doStream({ ...call, abortSignal: stop.signal }),
      stop.signal,
      discard,
    );
    await readInto(reply, stream.getReader(), stop.signal, () => {
      heard.at = options.now();
    });
    return finished(reply, options.now());
  } catch (thrown) {
    if (options.signal.aborted) throw options.signal.reason;
    const reason: unknown = reply.error ?? (stop.signal.aborted ? stop.signal.reason : thrown);
    const failure = toModelFailure(reason, reply.usage, options.now());
    // A provider package may still be reading what it gave up on.
    stop.abort(failure);
    throw failure;
  } finally {
    options.signal.removeEventListener("abort", forward);
    over.abort(isOver);
  }
}

const ignore = (): void => undefined;

/** Parts that are read without giving anybody else a turn. */
const partsAtOnce = 256;
/** How long a stream whose reply is whole may take to close, so that its connection can be used again. */
const closingMs = 1_000;

/**
 * Reads until the stream ends, or its reply is whole and it does not end. Throws what breaks the stream, or the signal's
 * reason. A provider that ignores the signal is not waited for: cancelling ends what is being read.
 */
async function readInto(
  reply: ReplyParts,
  reader: ReadableStreamDefaultReader<ModelStreamPart>,
  signal: AbortSignal,
  onPart: () => void,
): Promise<void> {
  const close = (): void => void reader.cancel().catch(ignore);
  let timer: NodeJS.Timeout | undefined;
  if (signal.aborted) close();
  signal.addEventListener("abort", close, { once: true });
  try {
    for (let read = 1; ; read++) {
      const { done, value } = await reader.read();
      if (reply.stop === undefined) signal.throwIfAborted();
      if (done) return;
      onPart();
      reply.add(value);
      if (reply.stop !== undefined) timer ??= setTimeout(close, closingMs);
      // A stream that always has more would keep timers, cancels and everybody else from their turn.
      if (read % partsAtOnce === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", close);
    // One that broke, or that has ended, has nothing left to cancel.
    close();
  }
}

/** Made once: an abort without a reason makes a DOMException with its stack each time, and every call ends in one. */
const isOver = new Error("the call is over");

/**
 * Which limit is over, once one is. One timer for the whole stream: a part only notes its time. What is left is counted by
 * what was slept, so that a clock that is set back gives nobody more.
 */
async function untilLimit(
  { now, sleep, timeoutMs, idleTimeoutMs }: StreamOptions,
  heard: { readonly at: number },
  signal: AbortSignal,
): Promise<string> {
  for (let left = timeoutMs; left > 0;) {
    const silent = Math.min(idleTimeoutMs, heard.at + idleTimeoutMs - now());
    if (silent <= 0) return `was silent for ${idleTimeoutMs} ms`;
    const nap = Math.min(left, silent);
    await sleep(nap, signal);
    left -= nap;
  }
  return `gave no reply within ${timeoutMs} ms`;
}

const timeout = (what: string): ModelFailure => new ModelFailure(`the model ${what}`, { retryable: true });

/** A provider that ignores the signal must not hold the step; what it gives after that goes to `late`. */
function abortable<Value>(
  promise: PromiseLike<Value>,
  signal: AbortSignal,
  late: (value: Value) => void = () => undefined,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    promise.then(
      (value) => {
        if (signal.aborted) late(value);
        signal.removeEventListener("abort", abort);
        resolve(value);
      },
      (thrown: unknown) => {
        signal.removeEventListener("abort", abort);
        const told = readable(thrown);
        reject(told instanceof Error ? told : toModelFailure(told, noUsage, 0));
      },
    );
  });
}

function discard({ stream }: ModelStreamResult): void {
  stream.cancel().catch(() => undefined);
}

/** The reply, if the provider said that it is whole. */
function finished(reply: ReplyParts, now: number): ModelReply {
  if (reply.error !== undefined) throw toModelFailure(reply.error, reply.usage, now);
  const { stop, usage } = reply;
  const failed = (message: string, retryable: boolean, contextFull = false): ModelFailure =>
    new ModelFailure(message, { retryable, contextFull, usage });
  // `interrupted`: the package closed what the provider had left open.
  if (stop === undefined || stop.unified === "interrupted")
    throw failed("the model's stream ended before it was finished", true);
  if (stop.unified === "error")
    throw failed(`the model's provider reported an error${named(stop.raw)}`, true);
  if (stop.raw === "model_context_window_exceeded")
    throw failed("the reply did not fit the model's context any more", false, true);
  const parts = reply.parts();
  const calls = parts.some((part) => part.type === "tool-call");
  const said = parts.some((part) => part.type === "text" && part.text !== "");
  // A refusal that says so is an answer; half a plan that was stopped is not carried out.
  if (stop.unified === "content-filter" && (calls || !said))
    throw failed(`the provider's content filter stopped the reply${named(stop.raw)}`, false);
  if (stop.unified === "length" && !calls && !said)
    throw failed("the model reached its output limit before it said anything", false);
  return { parts, usage, stop: stop.unified };
}

const named = (raw: string | undefined): string => (raw === undefined ? "" : ` (${raw})`);
