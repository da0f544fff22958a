/** What a provider's module gives the registry of providers; each names exactly one package. */
import { OmniForgeError } from "../../protocol/error.ts";
import type { LanguageModel } from "../language-model.ts";

export interface ProviderSettings {
  /** None: as the provider's package finds it in the environment. A local server may need none at all. */
  readonly apiKey?: string;
  /** With its version, without a trailing slash: `http://127.0.0.1:11434/v1`. */
  readonly baseUrl?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What requests are made with. Default the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
  /** OpenAI only. Default `responses`. */
  readonly api?: "responses" | "chat";
}

export type ModelFactory = (model: string) => LanguageModel;

export interface ProviderModule {
  readonly package: string;
  /** The name under which the package's models answer to `LanguageModel.provider`: known before it is loaded. */
  readonly label: (settings: ProviderSettings) => string;
  /** Loads the package. Throws MODEL_PACKAGE_MISSING where it is not installed. */
  readonly load: (settings: ProviderSettings) => Promise<ModelFactory>;
}

/** The command that installs an optional package in the major version that this release is written for. */
export function installCommand(name: string): string {
  return `npm install ${name}@4`;
}

/** Loads an optional package; without it, one clear error that names the command that installs it. */
export async function loadPackage<Loaded>(name: string, load: () => Promise<Loaded>): Promise<Loaded> {
  try {
    return await load();
  } catch (cause) {
    if (!isMissing(name, cause)) throw cause;
    throw new OmniForgeError(
      "MODEL_PACKAGE_MISSING",
      `this model needs the package ${name}: ${installCommand(name)}`,
      { cause, details: { package: name } },
    );
  }
}

/** Not installed at all; one that is there and lacks a package of its own is another matter. */
function isMissing(name: string, cause: unknown): boolean {
  return (
    cause instanceof Error &&
    "code" in cause &&
    (cause.code === "ERR_MODULE_NOT_FOUND" || cause.code === "MODULE_NOT_FOUND") &&
    cause.message.includes(`'${name}'`)
  );
}
