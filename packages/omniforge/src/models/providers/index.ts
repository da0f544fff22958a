/** The providers, by kind: which package each needs, and models of them that load it when they are first called. */
import { createRequire } from "node:module";
import type { LanguageModel } from "../language-model.ts";
import type { ModelRegistry } from "../model-registry.ts";
import { noteSecret } from "../../redaction/known-secrets.ts";
import { anthropic } from "./anthropic.ts";
import { google } from "./google.ts";
import { lazyModel } from "./lazy-model.ts";
import { openaiCompatible } from "./openai-compatible.ts";
import { openai } from "./openai.ts";
import type { ModelFactory, ProviderModule, ProviderSettings } from "./provider-module.ts";

export { installCommand, type ModelFactory, type ProviderSettings } from "./provider-module.ts";

export const providerKinds = ["openai", "anthropic", "google", "openai-compatible"] as const;
export type ProviderKind = (typeof providerKinds)[number];

const modules: Readonly<Record<ProviderKind, ProviderModule>> = {
  openai,
  anthropic,
  google,
  "openai-compatible": openaiCompatible,
};

/**
 * A provider's models by name. Nothing is loaded until one is called; a call without the package fails with
 * MODEL_PACKAGE_MISSING. The packages' own retries do not apply: only `doStream` is called, which makes one request.
 */
export function createProvider(kind: ProviderKind, settings: ProviderSettings = {}): ModelFactory {
  const provider = modules[kind];
  for (const secret of [settings.apiKey, ...Object.values(settings.headers ?? {})]) noteSecret(secret);
  let loading: Promise<ModelFactory> | undefined;
  const load = (): Promise<ModelFactory> => {
    loading ??= provider.load(settings);
    // A package that is installed later is found by the next attempt.
    loading.catch(() => (loading = undefined));
    return loading;
  };
  return (model): LanguageModel =>
    lazyModel({
      provider: provider.label(settings),
      modelId: model,
      load: async () => (await load())(model),
    });
}

/** Registers a provider's models under `name:…`. */
export function registerProvider(
  models: ModelRegistry,
  name: string,
  kind: ProviderKind,
  settings: ProviderSettings = {},
): void {
  models.register(name, createProvider(kind, settings));
}

/** The package that a kind of provider needs. */
export function packageOf(kind: ProviderKind): string {
  return modules[kind].package;
}

/** Whether a kind's package is installed, without loading it. */
export function isInstalled(kind: ProviderKind): boolean {
  try {
    createRequire(import.meta.url).resolve(packageOf(kind));
    return true;
  } catch (thrown) {
    // Found, though not for `require`: it is there all the same.
    return !(thrown instanceof Error && "code" in thrown && thrown.code === "MODULE_NOT_FOUND");
  }
}
