/** What was found becomes models of a registry. */
import type { ModelRegistry } from "../model-registry.ts";
import { registerProvider } from "../providers/index.ts";
import type { Environment, FoundModels } from "./discover-models.ts";

export {
  discoverModels,
  type Discovery,
  type Environment,
  type FoundModels,
  type LookedAt,
} from "./discover-models.ts";
export { probeServer, type Probe, type ProbeOptions, type ProbeResult } from "./probe.ts";

/**
 * Registers every provider that was found, under its name: any model of it can then be referred to, also one that
 * discovery did not list. Names that the registry already knows are left alone. Keys are read from `env`, by name.
 */
export function registerDiscovered(
  models: ModelRegistry,
  found: readonly FoundModels[],
  env: Environment = process.env,
): void {
  const known = new Set(models.list());
  for (const { provider, kind, baseUrl, apiKeyFrom } of found) {
    if (known.has(provider)) continue;
    const apiKey = apiKeyFrom === undefined ? undefined : env[apiKeyFrom]?.trim();
    registerProvider(models, provider, kind, {
      ...(baseUrl !== undefined && { baseUrl }),
      ...(apiKey !== undefined && { apiKey }),
    });
  }
}
