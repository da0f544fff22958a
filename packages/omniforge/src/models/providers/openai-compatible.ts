/** Whatever speaks OpenAI's chat format: local servers, gateways, other vendors. Its package is always installed. */
import { OmniForgeError } from "../../protocol/error.ts";
import { loadPackage, type ProviderModule } from "./provider-module.ts";
import { optionsOf } from "./provider-options.ts";

export const openaiCompatible: ProviderModule = {
  package: "@ai-sdk/openai-compatible",
  label: () => "compatible.chat",
  async load(settings) {
    const { baseUrl } = settings;
    if (baseUrl === undefined)
      throw new OmniForgeError("INVALID_INPUT", "an OpenAI-compatible provider needs its base URL");
    const { createOpenAICompatible } = await loadPackage(
      "@ai-sdk/openai-compatible",
      () => import("@ai-sdk/openai-compatible"),
    );
    const provider = createOpenAICompatible({
      ...optionsOf(settings),
      baseURL: baseUrl,
      name: "compatible",
      // Servers leave usage out of streams unless they are asked.
      includeUsage: true,
    });
    return (model) => provider(model);
  },
};
