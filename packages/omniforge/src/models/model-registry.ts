/** Models by reference (`provider:model`), as one process knows them. */
import { OmniForgeError } from "../protocol/error.ts";
import { chatModel } from "./chat-model.ts";
import { unchatted } from "./model-reference.ts";
import type { LanguageModel } from "./language-model.ts";

export interface ModelRegistry {
  /** A model under its full reference, or a provider's factory under `provider`. */
  register(reference: string, model: LanguageModel | ((name: string) => LanguageModel)): void;
  /** Whether this reference names a model here. */
  has(reference: string): boolean;
  /** Throws MODEL_NOT_FOUND. */
  get(reference: string): LanguageModel;
  list(): readonly string[];
}

export function createModelRegistry(): ModelRegistry {
  const models = new Map<string, LanguageModel | ((name: string) => LanguageModel)>();
  const find = (reference: string): LanguageModel | undefined => {
    const exact = models.get(reference);
    if (exact !== undefined && typeof exact !== "function") return exact;
    const [provider = "", ...name] = reference.split(":");
    const factory = models.get(provider);
    if (typeof factory === "function" && name.length > 0) return factory(name.join(":"));
    const within = unchatted(reference);
    const partner = within === reference ? undefined : find(within);
    return partner === undefined ? undefined : chatModel(partner);
  };
  return {
    register: (reference, model) => void models.set(reference, model),
    has: (reference) => find(reference) !== undefined,
    get(reference) {
      const found = find(reference);
      if (found !== undefined) return found;
      throw new OmniForgeError("MODEL_NOT_FOUND", `no model is registered as ${reference}`);
    },
    list: () => [...models.keys()],
  };
}
