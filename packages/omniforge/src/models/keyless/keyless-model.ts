/**
 * The keyless model: rules in the shape of a provider's model, so that OmniForge runs before anybody has a key.
 *
 * Owns: the provider's side of a call: latency, deltas, abort, usage, and the faults that a test asks for. Does not own:
 * what is said (`rules.ts`).
 *
 * Invariants
 * 1. Stateless: a reply is a function of the call's options, so that a call tried again answers the same parts.
 * 2. It says that it is no LLM, touches nothing but through the tools it is offered, and needs no network.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  APICallError,
  type LanguageModel,
  type ModelCallOptions,
  type ModelStreamPart,
} from "../language-model.ts";
import { readConversation, type Conversation } from "./conversation.ts";
import { toGenerated, toParts, type Interference } from "./parts.ts";
import type { KeylessReply } from "./reply.ts";
import { decide } from "./rules.ts";
import { writeSummary } from "./summary.ts";

/** The reference under which the model is registered. */
export const keylessReference = "keyless:demo";

export interface KeylessOptions {
  /** The time before the first part. Default none. */
  readonly latencyMs?: number;
  /** The time before each delta of text. Default none. */
  readonly deltaDelayMs?: number;
  /**
   * The fault that a call is to meet: `fail` is a 503, `cut` a stream that ends without a finish, `malformed` a tool call
   * whose arguments are not JSON. Default none.
   */
  readonly intervene?: (callOptions: ModelCallOptions) => Interference | undefined;
}

/** A model of rules, not an LLM, under the name `demo` of the provider `keyless`; see `introduction` for what it knows. */
export function createKeylessModel(options: KeylessOptions = {}): LanguageModel {
  const { latencyMs = 0, deltaDelayMs = 0, intervene } = options;

  async function begin(callOptions: ModelCallOptions): Promise<ModelStreamPart[]> {
    await pause(latencyMs, callOptions.abortSignal);
    const interference = intervene?.(callOptions);
    if (interference === "fail") throw overloaded();
    const conversation = readConversation(callOptions.prompt);
    return toParts(replyTo(conversation, callOptions), conversation.turn, callOptions, interference);
  }

  return {
    specificationVersion: "v4",
    provider: "keyless",
    modelId: "demo",
    supportedUrls: {},
    async doStream(callOptions) {
      const parts = await begin(callOptions);
      const canceled = new AbortController();
      const signals = [
        canceled.signal,
        ...(callOptions.abortSignal === undefined ? [] : [callOptions.abortSignal]),
      ];
      return { stream: toStream(parts, deltaDelayMs, AbortSignal.any(signals), canceled) };
    },
    async doGenerate(callOptions) {
      const parts = await begin(callOptions);
      for (const part of parts)
        await pause(part.type === "text-delta" ? deltaDelayMs : 0, callOptions.abortSignal);
      const generated = toGenerated(parts);
      if (generated === undefined) throw overloaded();
      return generated;
    },
  };
}

function replyTo(conversation: Conversation, { tools = [], toolChoice }: ModelCallOptions): KeylessReply {
  if (conversation.wantsSummary) return { text: writeSummary(conversation), calls: [] };
  const offered = new Set(toolChoice?.type === "none" ? [] : tools.map(({ name }) => name));
  return decide(conversation.requests, { steps: conversation.steps, offers: (name) => offered.has(name) });
}

/** One part for each one that is asked for, so that nothing runs ahead of its reader. */
function toStream(
  parts: readonly ModelStreamPart[],
  delayMs: number,
  signal: AbortSignal,
  canceled: AbortController,
): ReadableStream<ModelStreamPart> {
  let next = 0;
  return new ReadableStream<ModelStreamPart>(
    {
      async pull(controller) {
        const part = parts[next++];
        if (part === undefined) return controller.close();
        await pause(part.type === "text-delta" ? delayMs : 0, signal);
        controller.enqueue(part);
      },
      cancel: (reason) => canceled.abort(reason),
    },
    { highWaterMark: 0 },
  );
}

/** Throws the signal's reason at once when it is aborted, as providers' clients do. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  if (ms <= 0) return;
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw error;
  });
}

function overloaded(): APICallError {
  return new APICallError({
    message: "the keyless model was told to fail",
    url: keylessReference,
    requestBodyValues: {},
    statusCode: 503,
    isRetryable: true,
  });
}
