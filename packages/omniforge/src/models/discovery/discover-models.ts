/**
 * Which real models this process could use: by keys in its environment, a base URL, or a server on this machine.
 *
 * Owns: where is looked, in which order, and the words for what was found. Registers nothing, and repeats no key.
 */
import { installCommand, isInstalled, packageOf, type ProviderKind } from "../providers/index.ts";
import { probeServer, type Probe, type ProbeResult } from "./probe.ts";

export interface FoundModels {
  /** What stands before the colon of their references. */
  readonly provider: string;
  readonly kind: ProviderKind;
  readonly baseUrl?: string;
  /** The variable that holds the key; never the key. */
  readonly apiKeyFrom?: string;
  /** References that are known to exist; with a key alone, the one that we would take. */
  readonly models: readonly string[];
  /** The package that must be installed first; none where all is there. */
  readonly missingPackage?: string;
  readonly why: string;
}

/** One place that was looked at. */
export interface LookedAt {
  readonly place: string;
  readonly found: boolean;
  readonly why: string;
}

export interface Discovery {
  /** Best first: what is usable at once before what lacks its package. */
  readonly found: readonly FoundModels[];
  readonly looked: readonly LookedAt[];
  /** The reference to use where nobody chose one; none where nothing is usable. */
  readonly offer?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

interface Look extends LookedAt {
  readonly models?: FoundModels;
}

/** Where keys lie, and the model that we take of each provider: its balanced one, no preview, of `model-facts.json`. */
const keyed: readonly { kind: ProviderKind; variables: readonly string[]; model: string }[] = [
  { kind: "anthropic", variables: ["ANTHROPIC_API_KEY"], model: "claude-sonnet-5-5" },
  { kind: "openai", variables: ["OPENAI_API_KEY"], model: "gpt-6.2-sol" },
  {
    kind: "google",
    variables: ["GOOGLE_GENERATIVE_AI_API_KEY", "GEMINI_API_KEY"],
    model: "gemini-3.8-flash",
  },
];

/** Local servers and their usual ports. */
const local = [
  { provider: "ollama", name: "Ollama", port: 11_434 },
  { provider: "lmstudio", name: "LM Studio", port: 1234 },
  { provider: "vllm", name: "vLLM", port: 8000 },
];
const localTimeoutMs = 300;
/** Somebody has named it: it is waited for. */
const namedTimeoutMs = 3000;

/**
 * Looks everywhere at once. A base URL of one's own comes first, then keys, then this machine's servers.
 * `OMNIFORGE_MODEL` names the model to use, whatever else is found. Never throws.
 */
export async function discoverModels(
  env: Environment,
  probe: Probe = probeServer,
  installed: (kind: ProviderKind) => boolean = isInstalled,
): Promise<Discovery> {
  const looks = await Promise.all([
    lookAtBaseUrl(env, probe),
    ...keyed.map((one) => Promise.resolve(lookForKey(env, one, installed))),
    ...local.map((one) => lookAtServer(one, probe)),
  ]);
  const found = looks
    .flatMap((look) => look.models ?? [])
    .toSorted(
      (one, other) => Number(one.missingPackage !== undefined) - Number(other.missingPackage !== undefined),
    );
  const chosen = valueOf(env, "OMNIFORGE_MODEL");
  const offer = chosen ?? found.find((one) => one.missingPackage === undefined)?.models[0];
  const looked = looks.map(({ place, found: has, why }) => ({ place, found: has, why }));
  if (chosen !== undefined)
    looked.unshift({ place: "OMNIFORGE_MODEL", found: true, why: `it names ${chosen}` });
  return { found, looked, ...(offer !== undefined && { offer }) };
}

async function lookAtBaseUrl(env: Environment, probe: Probe): Promise<Look> {
  const ours = valueOf(env, "OMNIFORGE_BASE_URL");
  const place = ours === undefined ? "OPENAI_BASE_URL" : "OMNIFORGE_BASE_URL";
  const baseUrl = ours ?? valueOf(env, "OPENAI_BASE_URL");
  if (baseUrl === undefined)
    return { place: "OMNIFORGE_BASE_URL, OPENAI_BASE_URL", found: false, why: "neither is set" };
  if (!URL.canParse(baseUrl)) return { place, found: false, why: "it is set, but it is no URL" };
  const apiKeyFrom = ours === undefined ? "OPENAI_API_KEY" : "OMNIFORGE_MODEL_KEY";
  const apiKey = valueOf(env, apiKeyFrom);
  const result = await probe(baseUrl, { timeoutMs: namedTimeoutMs, ...(apiKey !== undefined && { apiKey }) });
  const why = `${place} is set; ${told(result)}`;
  const models = referencesOf("openai-compatible", result);
  const named = apiKey === undefined ? {} : { apiKeyFrom };
  return {
    place,
    found: true,
    why,
    models: { provider: "openai-compatible", kind: "openai-compatible", baseUrl, models, why, ...named },
  };
}

function lookForKey(
  env: Environment,
  { kind, variables, model }: (typeof keyed)[number],
  installed: (kind: ProviderKind) => boolean,
): Look {
  const variable = variables.find((name) => valueOf(env, name) !== undefined);
  const place = variable ?? variables.join(", ");
  if (variable === undefined)
    return { place, found: false, why: variables.length > 1 ? "neither is set" : "it is not set" };
  // The key belongs to whatever the base URL leads to.
  if (kind === "openai" && valueOf(env, "OPENAI_BASE_URL") !== undefined)
    return { place, found: false, why: "it is set, and belongs to OPENAI_BASE_URL" };
  const missing = installed(kind) ? {} : { missingPackage: packageOf(kind) };
  const lack = installed(kind) ? "" : `; install its package: ${installCommand(packageOf(kind))}`;
  const why = `${variable} is set${lack}`;
  const models = [`${kind}:${model}`];
  return {
    place,
    found: true,
    why,
    models: { provider: kind, kind, apiKeyFrom: variable, models, why, ...missing },
  };
}

async function lookAtServer({ provider, name, port }: (typeof local)[number], probe: Probe): Promise<Look> {
  const baseUrl = `http://127.0.0.1:${port}/v1`;
  const place = `${name} on port ${port}`;
  const result = await probe(baseUrl, { timeoutMs: localTimeoutMs });
  const models = referencesOf(provider, result);
  if (models.length === 0) return { place, found: false, why: told(result) };
  const why = `${name} answers on port ${port}; ${told(result)}`;
  return { place, found: true, why, models: { provider, kind: "openai-compatible", baseUrl, models, why } };
}

/** Models that only embed are no models to talk to. */
function referencesOf(provider: string, result: ProbeResult): string[] {
  if (result.kind === "nothing") return [];
  return result.models.filter((model) => !/embed/i.test(model)).map((model) => `${provider}:${model}`);
}

function told(result: ProbeResult): string {
  if (result.kind === "nothing") return result.why;
  return result.models.length === 1 ? "it has 1 model" : `it has ${result.models.length} models`;
}

function valueOf(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === undefined || value === "" ? undefined : value;
}
