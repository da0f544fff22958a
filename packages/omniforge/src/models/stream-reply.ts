/**
 * One model call: streams, reports deltas, and returns the finished message or one classified failure.
 *
 * Owns: what counts as success (a `finish` part came and no `error` part did), the time limits of an attempt, and which
 * failures are worth another attempt. Does not retry: the interpreter owns that.
 */
import type { Json } from "../protocol/json.ts";
import { json, repairText } from "../protocol/json.ts";
import { noUsage, type Part, type Usage } from "../protocol/message.ts";
import {
  APICallError,
  type LanguageModel,
  type ModelCallOptions,
  type ModelStreamPart,
  type ModelUsage,
} from "./language-model.ts";

export interface ModelReply {
  readonly parts: readonly Part[];
  readonly usage: Usage;
  readonly stop: string;
}

/** Why an attempt at a model call failed. */
export class ModelFailure extends Error {
  override readonly name = "ModelFailure";
  readonly retryable: boolean;
  readonly contextFull: boolean;
  readonly retryAfterMs: number | undefined;
  readonly usage: Usage;

  constructor(
    message: string,
    options: {
      retryable: boolean;
      contextFull?: boolean;
      retryAfterMs?: number;
      usage?: Usage;
      cause?: unknown;
    },
  ) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable;
    this.contextFull = options.contextFull ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.usage = options.usage ?? noUsage;
  }
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

/** Streams one reply. Throws ModelFailure, or the signal's reason when the caller aborted. */
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
  const reply = new ReplyBuilder(options);
  try {
    const { stream } = await abortable(model.doStream({ ...call, abortSignal: signal }), signal);
    const reader = stream.getReader();
    try {
      for (;;) {
        const { done, value } = await abortable(reader.read(), signal);
        if (done) break;
        stirredAt = options.now();
        reply.add(value);
      }
    } finally {
      // Closes the connection when this attempt ends early; a stream that broke has nothing left to cancel.
      reader.cancel().catch(() => undefined);
    }
    return reply.finish();
  } catch (thrown) {
    if (options.signal.aborted) throw options.signal.reason;
    throw classify(limit.signal.aborted ? limit.signal.reason : thrown, reply.usage);
  } finally {
    over.abort();
  }
}

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

/** A provider that ignores the signal must not hold the step. */
function abortable<Value>(promise: PromiseLike<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).then(
      () => signal.removeEventListener("abort", abort),
      () => undefined,
    );
  });
}

/** HTTP statuses that another attempt can't cure. */
const finalStatuses = new Set([400, 401, 403, 404, 413, 422]);
const contextWords =
  /context.{0,20}(length|window|limit)|too many tokens|maximum.{0,20}tokens|prompt is too long/i;

function classify(thrown: unknown, usage: Usage): ModelFailure {
  if (thrown instanceof ModelFailure) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (APICallError.isInstance(thrown)) {
    const contextFull =
      thrown.statusCode !== undefined &&
      [400, 413, 422].includes(thrown.statusCode) &&
      contextWords.test(`${message} ${thrown.responseBody ?? ""}`);
    const retryable =
      thrown.statusCode === undefined ? thrown.isRetryable : !finalStatuses.has(thrown.statusCode);
    const retryAfterMs = retryAfter(thrown.responseHeaders);
    return new ModelFailure(message, {
      retryable,
      contextFull,
      usage,
      cause: thrown,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }
  return new ModelFailure(message, {
    retryable: true,
    contextFull: contextWords.test(message),
    usage,
    cause: thrown,
  });
}

/** RFC 9110, 10.2.3: seconds or a date; `retry-after-ms` where a provider is more exact. */
function retryAfter(headers: Record<string, string> | undefined): number | undefined {
  const exact = Number(headers?.["retry-after-ms"]);
  if (Number.isFinite(exact) && exact >= 0) return exact;
  const value = headers?.["retry-after"];
  if (value === undefined) return undefined;
  const ms = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** Puts the stream's parts together in the order in which their blocks began. */
class ReplyBuilder {
  readonly #options: StreamOptions;
  readonly #blocks: { kind: "text" | "reasoning"; id: string; text: string; native: Record<string, Json> }[] =
    [];
  readonly #parts: (Part | { block: number })[] = [];
  #calls = 0;
  #stop: string | undefined;
  #error: unknown;
  usage: Usage = noUsage;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  add(part: ModelStreamPart): void {
    switch (part.type) {
      case "text-start":
      case "reasoning-start":
        this.#parts.push({ block: this.#blocks.length });
        this.#blocks.push({
          kind: part.type === "text-start" ? "text" : "reasoning",
          id: part.id,
          text: "",
          native: metadata(part.providerMetadata),
        });
        return;
      case "text-delta":
      case "reasoning-delta": {
        const block = this.#block(part.type === "text-delta" ? "text" : "reasoning", part.id);
        const delta = repairText(part.delta);
        block.text += delta;
        Object.assign(block.native, metadata(part.providerMetadata));
        this.#options.onDelta(block.kind, delta);
        return;
      }
      case "text-end":
      case "reasoning-end":
        Object.assign(
          this.#block(part.type === "text-end" ? "text" : "reasoning", part.id).native,
          metadata(part.providerMetadata),
        );
        return;
      case "tool-call": {
        const given = parseArguments(part.input);
        const native = metadata(part.providerMetadata);
        const hasNative = Object.keys(native).length > 0;
        this.#parts.push({
          type: "tool-call",
          index: this.#calls++,
          callId: part.toolCallId,
          name: part.toolName,
          ...given,
          ...(hasNative && { native }),
        });
        return;
      }
      case "finish":
        this.#stop = part.finishReason.unified;
        this.usage = toUsage(part.usage);
        return;
      case "error":
        this.#error = part.error;
        return;
      default:
        return;
    }
  }

  finish(): ModelReply {
    if (this.#error !== undefined) throw classify(this.#error, this.usage);
    if (this.#stop === undefined)
      throw new ModelFailure("the model's stream ended before it was finished", {
        retryable: true,
        usage: this.usage,
      });
    if (this.#stop === "error")
      throw new ModelFailure("the model's provider reported an error", {
        retryable: true,
        usage: this.usage,
      });
    const parts = this.#parts.map((part): Part => ("block" in part ? this.#toPart(part.block) : part));
    return {
      parts: parts.filter((part) => part.type !== "text" || part.text !== ""),
      usage: this.usage,
      stop: this.#stop,
    };
  }

  #block(
    kind: "text" | "reasoning",
    id: string,
  ): { kind: "text" | "reasoning"; text: string; native: Record<string, Json> } {
    const open = this.#blocks.findLast((block) => block.id === id && block.kind === kind);
    if (open !== undefined) return open;
    const block = { kind, id, text: "", native: {} };
    this.#parts.push({ block: this.#blocks.length });
    this.#blocks.push(block);
    return block;
  }

  #toPart(index: number): Part {
    const block = this.#blocks[index];
    if (block === undefined) return { type: "text", text: "" };
    const native = Object.keys(block.native).length > 0 ? { native: block.native } : {};
    return block.kind === "text"
      ? { type: "text", text: repairText(block.text), ...native }
      : { type: "reasoning", text: repairText(block.text), model: this.#options.family, ...native };
  }
}

/** A model's arguments are text until proven to be JSON; what they were is kept for the model to correct. */
function parseArguments(input: string): { arguments: Json; malformed?: string } {
  try {
    const parsed = json.safeParse(input.trim() === "" ? {} : JSON.parse(input));
    if (parsed.success) return { arguments: parsed.data };
  } catch {
    // Not JSON: told to the model by the reply's commit.
  }
  return { arguments: {}, malformed: repairText(input) };
}

function metadata(value: unknown): Record<string, Json> {
  const parsed = json.safeParse(value ?? {});
  return parsed.success &&
    typeof parsed.data === "object" &&
    parsed.data !== null &&
    !Array.isArray(parsed.data)
    ? parsed.data
    : {};
}

function toUsage(usage: ModelUsage): Usage {
  const { inputTokens, outputTokens } = usage;
  return {
    inputTokens: inputTokens.total ?? 0,
    outputTokens: outputTokens.total ?? 0,
    ...(inputTokens.cacheRead !== undefined &&
      inputTokens.cacheRead > 0 && { cachedInputTokens: inputTokens.cacheRead }),
    ...(outputTokens.reasoning !== undefined &&
      outputTokens.reasoning > 0 && { reasoningTokens: outputTokens.reasoning }),
  };
}
