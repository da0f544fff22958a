/**
 * Puts a stream's parts together as our parts, in the order in which their blocks began.
 *
 * Invariants
 * 1. Metadata of a block's start, deltas and end is merged per provider: a signature may come with any of them.
 * 2. Parts of kinds that we don't know are skipped, never fatal; so are calls that the provider ran itself.
 * 3. Deltas that leave are well-formed text, also where a provider cuts a surrogate pair in two.
 */
import type { Json } from "../protocol/json.ts";
import { json, repairText } from "../protocol/json.ts";
import { noUsage, type Part, type Usage } from "../protocol/message.ts";
import type { ModelStreamPart, ModelUsage } from "./language-model.ts";

type Channel = "text" | "reasoning";
type Native = Record<string, Json>;

interface Block {
  readonly channel: Channel;
  readonly id: string;
  readonly native: Native;
  text: string;
  /** The first half of a surrogate pair whose second half has not come. */
  held: string;
}

export class ReplyParts {
  readonly #family: string;
  readonly #onDelta: (channel: Channel, text: string) => void;
  readonly #parts: (Part | Block)[] = [];
  #calls = 0;
  /** How the provider says it ended; undefined until it does. */
  stop: { readonly unified: string; readonly raw: string | undefined } | undefined;
  /** The first error that the stream carried. */
  error: unknown;
  usage: Usage = noUsage;

  constructor(family: string, onDelta: (channel: Channel, text: string) => void) {
    this.#family = family;
    this.#onDelta = onDelta;
  }

  add(part: ModelStreamPart): void {
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
      case "tool-call": {
        if (part.providerExecuted === true) return;
        const native = merge({}, part.providerMetadata);
        this.#parts.push({
          type: "tool-call",
          index: this.#calls++,
          callId: repairText(part.toolCallId),
          name: repairText(part.toolName),
          ...parseArguments(part.input),
          ...(Object.keys(native).length > 0 && { native }),
        });
        return;
      }
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

  #open(channel: Channel, id: string, metadata: unknown): Block {
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

  #say(block: Block, delta: string): void {
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

/** Adds a part's metadata, provider by provider. What is not JSON (an undefined member) is dropped, not the rest. */
function merge(native: Native, metadata: unknown): Native {
  if (metadata === undefined || metadata === null) return native;
  const parsed = json.safeParse(JSON.parse(JSON.stringify(metadata)));
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
