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
  const limit = new AbortController();
  const signal = AbortSignal.any([options.signal, limit.signal]);
  const over = new AbortController();
  let stirredAt = options.now();
  const expire = (what: string) => (): void => limit.abort(timeout(what));
  const ignore = (): void => undefined;
  options
    .sleep(options.timeoutMs, over.signal)
    .then(expire(`gave no reply within ${options.timeoutMs} ms`), ignore);
  untilSilent(options, () => stirredAt, over.signal).then(
    expire(`was silent for ${options.idleTimeoutMs} ms`),
    ignore,
  );
  const reply = new ReplyParts(options.family, options.onDelta);
  try {
    options.signal.throwIfAborted();
    const { stream } = await abortable(model.doStream({ ...call, abortSignal: signal }), signal, discard);
    const reader = stream.getReader();
    try {
      await readInto(reply, reader, signal, () => {
        stirredAt = options.now();
      });
    } finally {
      // Ends the stream of a provider that ignores the signal; one that broke has nothing left to cancel.
      reader.cancel().catch(ignore);
    }
    return finished(reply, options.now());
  } catch (thrown) {
    if (options.signal.aborted) throw options.signal.reason;
    const reason: unknown = reply.error ?? (limit.signal.aborted ? limit.signal.reason : thrown);
    const failure = toModelFailure(reason, reply.usage, options.now());
    // A provider package may still be reading what it gave up on.
    limit.abort(failure);
    throw failure;
  } finally {
    over.abort(isOver);
  }
}

/** Parts that are read without giving anybody else a turn. */
const partsAtOnce = 256;
/** How long a stream whose reply is whole may take to close, so that its connection can be used again. */
const closingMs = 1_000;

/** Reads until the stream ends, or its reply is whole and it does not end. Throws what breaks the stream, or the signal's reason. */
async function readInto(
  reply: ReplyParts,
  reader: ReadableStreamDefaultReader<ModelStreamPart>,
  signal: AbortSignal,
  onPart: () => void,
): Promise<void> {
  const closing = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  try {
    for (let read = 1; !closing.signal.aborted; read++) {
      const { done, value } = await abortable(reader.read(), timer === undefined ? signal : closing.signal);
      if (done) return;
      onPart();
      reply.add(value);
      if (reply.stop !== undefined) timer ??= setTimeout(() => closing.abort(isOver), closingMs);
      // A stream that always has more would keep timers, cancels and everybody else from their turn.
      if (read % partsAtOnce === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (thrown) {
    if (thrown !== isOver) throw thrown;
  } finally {
    clearTimeout(timer);
  }
}

/** Made once: an abort without a reason makes a DOMException with its stack each time, and every call ends in one. */
const isOver = new Error("the call is over");

/** One timer for the whole stream: a delta only notes its time. */
async function untilSilent(
  { now, sleep, idleTimeoutMs }: StreamOptions,
  stirredAt: () => number,
  signal: AbortSignal,
): Promise<void> {
  for (
    let left = idleTimeoutMs;
    left > 0;
    left = Math.min(idleTimeoutMs, stirredAt() + idleTimeoutMs - now())
  )
    await sleep(left, signal);
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
        reject(thrown instanceof Error ? thrown : toModelFailure(thrown, noUsage, 0));
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
