/**
 * Puts a stream's parts together as our parts, in the order in which their blocks began.
 *
 * Invariants
 * 1. Metadata of a block's start, deltas and end is merged per provider: a signature may come with any of them.
 * 2. Parts of kinds that we don't know are skipped, never fatal; so are calls that the provider ran itself.
 * 3. Deltas that leave are well-formed text, also where a provider cuts a surrogate pair in two.
 * 4. What a reply may hold is bounded: a stream that goes on and on fails the attempt before it fills the memory.
 * 5. What comes after the finish is no part of the reply.
 */
import type { Json } from "../protocol/json.ts";
import { json, repairText } from "../protocol/json.ts";
import { noUsage, type Part, type Usage } from "../protocol/message.ts";
import { parseArguments } from "./call-arguments.ts";
import type { ModelStreamPart, ModelUsage } from "./language-model.ts";
import { ModelFailure } from "./model-failure.ts";

type Channel = "text" | "reasoning";
type Native = Record<string, Json>;
type ToolCall = Extract<ModelStreamPart, { type: "tool-call" }>;

interface Block {
  readonly channel: Channel;
  readonly id: string;
  readonly native: Native;
  text: string;
  /** The first half of a surrogate pair whose second half has not come. */
  held: string;
}

/** What no model writes in one reply: characters of text and reasoning, of arguments, parts of a stream, blocks, calls. */
const maximumSaid = 4_000_000;
const maximumWritten = 32_000_000;
const maximumStreamed = 500_000;
const maximumBlocks = 10_000;
const maximumAsked = 4_096;
const maximumMetadata = 1_000_000;
/** Characters of a call's name and id. */
const maximumName = 256;

export class ReplyParts {
  readonly #family: string;
  readonly #onDelta: (channel: Channel, text: string) => void;
  readonly #parts: (Part | Block)[] = [];
  #calls = 0;
  #blocks = 0;
  #streamed = 0;
  #said = 0;
  #written = 0;
  /** How the provider says it ended; undefined until it does. */
  stop: { readonly unified: string; readonly raw: string | undefined } | undefined;
  /** The first error that the stream carried. */
  error: unknown;
  usage: Usage = noUsage;

  constructor(family: string, onDelta: (channel: Channel, text: string) => void) {
    this.#family = family;
    this.#onDelta = onDelta;
  }

  /** Throws a ModelFailure where the reply has become more than any reply is. */
  add(part: ModelStreamPart): void {
    if (this.stop !== undefined && part.type !== "error") return;
    if (++this.#streamed > maximumStreamed) throw tooMuch(`${maximumStreamed} parts`);
    switch (part.type) {
      case "text-start":
      case "reasoning-start":
        this.#open(part.type === "text-start" ? "text" : "reasoning", part.id, part.providerMetadata);
        return;
      case "text-delta":
      case "reasoning-delta": {
        const block = this.#block(part.type === "text-delta" ? "text" : "reasoning", part.id);
        merge(block.native, part.providerMetadata);
        this.#say(block, part.delta);
        return;
      }
      case "text-end":
      case "reasoning-end": {
        const block = this.#block(part.type === "text-end" ? "text" : "reasoning", part.id);
        merge(block.native, part.providerMetadata);
        if (block.held !== "") this.#onDelta(block.channel, repairText(block.held));
        block.held = "";
        return;
      }
      case "tool-input-delta":
        this.#count(part.delta);
        return;
      case "tool-call":
        if (part.providerExecuted !== true) this.#call(part);
        return;
      case "custom":
        this.usage = usageAtStart(part) ?? this.usage;
        return;
      case "finish":
        this.stop = part.finishReason;
        this.usage = toUsage(part.usage);
        return;
      case "error":
        this.error ??= part.error ?? "the model's provider reported an error";
        return;
      default:
        return;
    }
  }

  /** The finished parts; empty blocks without metadata are left out. */
  parts(): Part[] {
    return this.#parts
      .map((part) => ("channel" in part ? this.#toPart(part) : part))
      .filter(
        (part) =>
          (part.type !== "text" && part.type !== "reasoning") ||
          part.text !== "" ||
          part.native !== undefined,
      );
  }

  #call({ toolCallId, toolName, input, providerMetadata }: ToolCall): void {
    if (this.#calls >= maximumAsked) throw tooMuch(`${maximumAsked} calls`);
    this.#count(input);
    const native = merge({}, providerMetadata);
    const name = textOf(toolName);
    const id = textOf(toolCallId);
    this.#parts.push({
      type: "tool-call",
      index: this.#calls++,
      // One that no provider gives is none: it is called by ours.
      callId: id.length > maximumName ? "" : repairText(id),
      name: repairText(name.slice(0, maximumName)),
      ...parseArguments(textOf(input)),
      ...(Object.keys(native).length > 0 && { native }),
    });
  }

  #count(written: unknown): void {
    this.#written += textOf(written).length;
    if (this.#written > maximumWritten) throw tooMuch(`${maximumWritten} characters of arguments`);
  }

  #open(channel: Channel, id: string, metadata: unknown): Block {
    if (++this.#blocks > maximumBlocks) throw tooMuch(`${maximumBlocks} blocks`);
    const block: Block = { channel, id, native: merge({}, metadata), text: "", held: "" };
    this.#parts.push(block);
    return block;
  }

  #block(channel: Channel, id: string): Block {
    const open = this.#parts.findLast(
      (part): part is Block => "channel" in part && part.id === id && part.channel === channel,
    );
    return open ?? this.#open(channel, id, undefined);
  }

  #say(block: Block, given: unknown): void {
    const delta = textOf(given);
    this.#said += delta.length;
    if (this.#said > maximumSaid) throw tooMuch(`${maximumSaid} characters`);
    block.text += delta;
    const whole = block.held + delta;
    block.held = /[\uD800-\uDBFF]$/.exec(whole)?.[0] ?? "";
    const said = whole.slice(0, whole.length - block.held.length);
    if (said !== "") this.#onDelta(block.channel, repairText(said));
  }

  #toPart({ channel, text, native: metadata }: Block): Part {
    const native = Object.keys(metadata).length > 0 ? { native: metadata } : {};
    return channel === "text"
      ? { type: "text", text: repairText(text), ...native }
      : { type: "reasoning", text: repairText(text), model: this.#family, ...native };
  }
}

/** A stream is somebody else's: what should be text may be nothing, or anything. */
function textOf(given: unknown): string {
  return typeof given === "string" ? given : (JSON.stringify(given ?? "") ?? "");
}

/** Another attempt may come to an end. */
const tooMuch = (what: string): ModelFailure =>
  new ModelFailure(`the model's reply had more than ${what} and was given up`, { retryable: true });

/** Adds a part's metadata, provider by provider. What is not JSON (an undefined member) is dropped, not the rest. */
function merge(native: Native, metadata: unknown): Native {
  if (metadata === undefined || metadata === null) return native;
  const written = JSON.stringify(metadata);
  if (written.length > maximumMetadata) throw tooMuch(`${maximumMetadata} characters of metadata`);
  const parsed = json.safeParse(JSON.parse(written));
  if (!parsed.success || !isObject(parsed.data)) return native;
  for (const [provider, members] of Object.entries(parsed.data)) {
    const known = native[provider];
    if (isObject(members) && Object.keys(members).length === 0) continue;
    native[provider] = isObject(known) && isObject(members) ? { ...known, ...members } : members;
  }
  return native;
}

function isObject(value: Json | undefined): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Anthropic counts the input when the message starts: known even of an attempt that never finishes. */
function usageAtStart(part: Extract<ModelStreamPart, { type: "custom" }>): Usage | undefined {
  const usage = part.providerMetadata?.["anthropic"]?.["usage"];
  if (part.kind !== "anthropic.message_start" || typeof usage !== "object" || usage === null)
    return undefined;
  const counts = new Map<string, unknown>(Object.entries(usage));
  const count = (name: string): number => counted(counts.get(name));
  const [read, written] = [count("cache_read_input_tokens"), count("cache_creation_input_tokens")];
  return {
    inputTokens: count("input_tokens") + read + written,
    outputTokens: count("output_tokens"),
    ...(read > 0 && { cachedInputTokens: read }),
    ...(written > 0 && { cacheWriteTokens: written }),
  };
}

function toUsage({ inputTokens, outputTokens }: ModelUsage): Usage {
  const cacheRead = counted(inputTokens.cacheRead);
  const cacheWrite = counted(inputTokens.cacheWrite);
  const reasoning = counted(outputTokens.reasoning);
  return {
    inputTokens: counted(inputTokens.total),
    outputTokens: counted(outputTokens.total),
    ...(cacheRead > 0 && { cachedInputTokens: cacheRead }),
    ...(cacheWrite > 0 && { cacheWriteTokens: cacheWrite }),
    ...(reasoning > 0 && { reasoningTokens: reasoning }),
  };
}

/** What a server miscounts (a sum over what it left out is NaN) counts as nothing: it could not be read again. */
function counted(count: unknown): number {
  return typeof count === "number" && Number.isFinite(count) && count > 0 ? count : 0;
}
