/** A model whose provider's package is loaded when it is first called. */
import type { LanguageModel } from "../language-model.ts";

export interface LazyModel {
  readonly provider: string;
  readonly modelId: string;
  readonly load: () => Promise<LanguageModel>;
}

export function lazyModel({ provider, modelId, load }: LazyModel): LanguageModel {
  return {
    specificationVersion: "v4",
    provider,
    modelId,
    // Nothing is ever sent by URL: files travel as bytes.
    supportedUrls: {},
    doGenerate: async (options) => (await load()).doGenerate(options),
    doStream: async (options) => (await load()).doStream(options),
  };
}
