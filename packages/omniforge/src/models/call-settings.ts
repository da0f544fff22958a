/**
 * What a call is given beside prompt and tools, by provider: caching, and what must not be left with the provider.
 *
 * Keyed by the model's own name for its API (`LanguageModel.provider`, such as `anthropic.messages`), so that it holds
 * for models of any reference. A provider that is not named here gets nothing of this.
 */
import type { ModelFacts } from "./model-facts.ts";
import type { ModelCallOptions, ModelMessage, ModelPrompt } from "./language-model.ts";

export interface CallSettings {
  /** The task: calls of one task share their beginning. */
  readonly task: string;
  readonly offerTools: boolean;
  /** What is known of the model, beside its name. */
  readonly facts?: ModelFacts | undefined;
}

/** The whole of a call's options, with what its provider is told in addition. */
export function withSettings(
  provider: string,
  { prompt, tools = [] }: Pick<ModelCallOptions, "prompt" | "tools">,
  { task, offerTools, facts }: CallSettings,
): ModelCallOptions {
  const known = /^(openai|anthropic|google)\./.test(provider);
  return {
    prompt: isAnthropic(provider) ? withCacheMarks(prompt) : prompt,
    // Tools come first in the cached prefix: a call that may not use them still sends them, where that is known to work.
    ...(tools.length > 0 && (offerTools || known) && { tools }),
    ...(tools.length > 0 && !offerTools && known && { toolChoice: { type: "none" as const } }),
    ...(provider.startsWith("openai.") && { providerOptions: { openai: openaiOptions(provider, task) } }),
    ...(isAnthropic(provider) && facts?.thinksUnseen === true && { providerOptions: shownThinking }),
  };
}

/** `adaptive` is what such a model does in any case; by itself, it would leave what it thinks out of the stream. */
const shownThinking = { anthropic: { thinking: { type: "adaptive", display: "summarized" } } };

function isAnthropic(provider: string): boolean {
  return /\banthropic\b/.test(provider);
}

/**
 * `store: false`: OpenAI forgets stored replies after 30 days, and a task may wait longer. What it needs again
 * (encrypted reasoning) is then in our log instead.
 */
function openaiOptions(provider: string, task: string): Record<string, string | boolean> {
  const promptCacheKey = task.slice(0, 64);
  return provider === "openai.responses" ? { store: false, promptCacheKey } : { promptCacheKey };
}

/**
 * Marks up to three ends of the prompt's stable beginning: instructions (tools stand before them), the end of the last
 * call's prompt, and the end of this one. Anthropic looks back 20 blocks from a mark, and a fan-out may be longer.
 */
function withCacheMarks(prompt: ModelPrompt): ModelPrompt {
  const marked = [...prompt];
  const lastReply = prompt.findLastIndex(({ role }) => role === "assistant");
  for (const at of new Set([prompt[0]?.role === "system" ? 0 : -1, lastReply - 1, prompt.length - 1])) {
    const message = marked[at];
    if (message !== undefined) marked[at] = cached(message);
  }
  return marked;
}

function cached(message: ModelMessage): ModelMessage {
  return { ...message, providerOptions: { anthropic: { cacheControl: { type: "ephemeral" } } } };
}
