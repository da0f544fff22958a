/** Google, by the Gemini API. */
import { loadPackage, type ProviderModule } from "./provider-module.ts";
import { optionsOf } from "./provider-options.ts";

export const google: ProviderModule = {
  package: "@ai-sdk/google",
  label: () => "google.generative-ai",
  async load(settings) {
    const { createGoogle } = await loadPackage("@ai-sdk/google", () => import("@ai-sdk/google"));
    const provider = createGoogle(optionsOf(settings));
    return (model) => provider(model);
  },
};
