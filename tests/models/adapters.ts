/** The five ways to a model: every claim about calls is made for each. */
import { createProvider, type ProviderKind } from "../../packages/omniforge/src/models/providers/index.ts";
import type { LanguageModel } from "../../packages/omniforge/src/models/language-model.ts";

export interface Adapter {
  readonly name: string;
  readonly kind: ProviderKind;
  readonly api?: "chat";
  /** What stands between the server's address and the provider's own paths. */
  readonly prefix: string;
  readonly reference: string;
  /** `spare`: events at the end of `calls` without which the reply is whole all the same (usage, [DONE]). */
  readonly golden: { readonly text: string; readonly calls: string; readonly spare: number };
}

export const adapters: readonly Adapter[] = [
  {
    name: "OpenAI-compatible",
    kind: "openai-compatible",
    prefix: "/v1",
    reference: "local:llama3:8b",
    golden: { text: "openai-chat-text", calls: "openai-chat-parallel-calls", spare: 2 },
  },
  {
    name: "OpenAI chat",
    kind: "openai",
    api: "chat",
    prefix: "/v1",
    reference: "openai:gpt-4o",
    golden: { text: "openai-chat-text", calls: "openai-chat-parallel-calls", spare: 2 },
  },
  {
    name: "OpenAI Responses",
    kind: "openai",
    prefix: "/v1",
    reference: "openai:gpt-5",
    golden: { text: "openai-responses-text", calls: "openai-responses-reasoning-calls", spare: 0 },
  },
  {
    name: "Anthropic",
    kind: "anthropic",
    prefix: "/v1",
    reference: "anthropic:claude-sonnet-4-5",
    golden: { text: "anthropic-thinking-calls", calls: "anthropic-thinking-calls", spare: 0 },
  },
  {
    name: "Google",
    kind: "google",
    prefix: "/v1beta",
    reference: "google:gemini-2.5-pro",
    golden: { text: "google-text", calls: "google-thoughts-calls", spare: 0 },
  },
];

/** The adapter's model at a server's address. */
export function modelAt({ kind, api, prefix, reference }: Adapter, url: string): LanguageModel {
  const settings = { baseUrl: `${url}${prefix}`, apiKey: "test-key", ...(api !== undefined && { api }) };
  return createProvider(kind, settings)(reference.slice(reference.indexOf(":") + 1));
}
