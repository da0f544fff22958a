/** Anthropic, by its Messages API. */
import { loadPackage, type ProviderModule } from "./provider-module.ts";
import { optionsOf } from "./provider-options.ts";

export const anthropic: ProviderModule = {
  package: "@ai-sdk/anthropic",
  label: () => "anthropic.messages",
  async load(settings) {
    const { createAnthropic } = await loadPackage("@ai-sdk/anthropic", () => import("@ai-sdk/anthropic"));
    const provider = createAnthropic(optionsOf(settings));
    return (model) => provider(model);
  },
};
