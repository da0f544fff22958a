/** OpenAI, by its Responses API or its older chat API. */
import { loadPackage, type ProviderModule } from "./provider-module.ts";
import { optionsOf } from "./provider-options.ts";

export const openai: ProviderModule = {
  package: "@ai-sdk/openai",
  label: ({ api }) => (api === "chat" ? "openai.chat" : "openai.responses"),
  async load(settings) {
    const { createOpenAI } = await loadPackage("@ai-sdk/openai", () => import("@ai-sdk/openai"));
    const provider = createOpenAI(optionsOf(settings));
    return (model) => (settings.api === "chat" ? provider.chat(model) : provider.responses(model));
  },
};
