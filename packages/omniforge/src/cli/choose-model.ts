/** Which model the tasks of a command get, why, and how a person chooses another. */
import { defineAgent, type Agent } from "../agents/define-agent.ts";
import type { OmniForgeConfig } from "../define-config.ts";
import type { Discovery } from "../models/discovery/index.ts";
import { keylessReference } from "../models/keyless/index.ts";
import type { ModelRegistry } from "../models/model-registry.ts";
import { UsageError } from "./exit-code.ts";
import { commandLine } from "./invocation.ts";

export interface ChosenModel {
  readonly reference: string;
  /** Why it is this one. */
  readonly why: string;
  /** Asked for on the command line: it takes the place of an agent's own. */
  readonly asked: boolean;
}

/** Asked for, configured, found, or else the keyless one. */
export function chooseModel(
  asked: string | undefined,
  { model }: OmniForgeConfig,
  { offer, found }: Discovery,
): ChosenModel {
  if (asked !== undefined) return { reference: asked, why: "you asked for it", asked: true };
  if (model !== undefined) return { reference: model, why: "the config file says so", asked: false };
  if (offer === undefined)
    return { reference: keylessReference, why: "no real model was found", asked: false };
  const finder = found.find((one) => one.models.includes(offer));
  const why = finder?.why ?? "OMNIFORGE_MODEL names it";
  return { reference: offer, why, asked: false };
}

/** The agent with the model that was asked for; its sub-agents keep theirs. */
export function withModel(agent: Agent, { reference, asked }: ChosenModel): Agent {
  return asked ? defineAgent({ ...agent.definition, model: reference }) : agent;
}

/** The reference that this agent's calls go to. */
export function modelOf({ definition }: Agent, model: ChosenModel): string {
  return model.asked ? model.reference : (definition.model ?? model.reference);
}

/** One line about the model, and for a key whose package is missing one more. */
export function modelLines(agent: Agent, model: ChosenModel, { found }: Discovery): string[] {
  const reference = modelOf(agent, model);
  const why = reference === model.reference ? model.why : `the agent ${agent.name} names it`;
  if (reference === keylessReference) {
    const lacks = found.filter(({ missingPackage }) => missingPackage !== undefined);
    const first = "Model: keyless:demo, rules and not an LLM. For a real one set a provider's key";
    return [`${first}; ${commandLine("doctor")} says more.`, ...lacks.map((one) => `(${one.why})`)];
  }
  return [`Model: ${reference} (${why}). Another one: --model provider:model`];
}

/** Refuses a reference that means nothing here, before a task is created that would wait for it. */
export function checkModel(reference: string, models: ModelRegistry): void {
  if (models.has(reference)) return;
  const known = models.list().map((one) => (one.includes(":") ? one : `${one}:…`));
  throw new UsageError(
    `there is no model ${reference} here; there is: ${known.join(", ")}\n${commandLine("doctor")} says where was looked, and why nothing was found`,
  );
}
