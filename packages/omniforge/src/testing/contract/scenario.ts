/** What a scenario is: a claim, the agents that it casts, and what happens to them. */
import { defineAgent, type Agent, type AgentDefinition } from "../../agents/define-agent.ts";
import type { ModelFacts, ModelFactsTable } from "../../models/model-facts.ts";
import type { Script } from "../scripted-model.ts";
import type { Control } from "./engine.ts";
import type { Kit } from "./kit.ts";
import type { Stage } from "./stage.ts";

export interface Scenario {
  /** A claim in the present tense. Unique: skips and expected logs name it. */
  readonly name: string;
  /** What the engine's test file must be able to do by hand. */
  readonly needs?: readonly Control[];
  /** No process runs at first: the scenario starts them. */
  readonly asleep?: boolean;
  /** Made anew for every process, so it must say the same each time. */
  readonly cast: (kit: Kit) => Role;
  /** Throws where the claim does not hold. Its tasks' logs are compared afterwards. */
  readonly play: (stage: Stage) => Promise<void>;
}

export interface Theme {
  readonly name: string;
  readonly scenarios: readonly Scenario[];
}

/** An agent, and what its model says. */
export interface Role extends Partial<Omit<AgentDefinition, "name" | "agents" | "model">> {
  readonly script: Script;
  /** Sub-agents by name. */
  readonly agents?: Readonly<Record<string, Role>>;
  /** What its model costs, in dollars per million tokens. Without: nobody knows. */
  readonly price?: NonNullable<ModelFacts["perMillion"]>;
}

export interface Cast {
  readonly agent: Agent;
  /** What each agent's model says, by the agent's name. */
  readonly models: Readonly<Record<string, Script>>;
  /** What their prices are, where roles say so. */
  readonly modelFacts: ModelFactsTable;
}

/** Retries are quick, so that a scenario takes no longer than its engine. */
const quickRetry = {
  maximumAttempts: 3,
  initialIntervalMs: 10,
  backoffCoefficient: 1,
  maximumIntervalMs: 100,
};

/** The agent of a role, and the scripts of all its sub-agents. */
export function toCast({ script, agents = {}, price, ...definition }: Role, name = "main"): Cast {
  const members = Object.entries(agents).map(([member, role]) => toCast(role, member));
  const agent = defineAgent({
    instructions: `You are ${name}.`,
    modelRetry: quickRetry,
    ...definition,
    name,
    model: `scripted:${name}`,
    agents: members.map((member) => member.agent),
  });
  const models: Record<string, Script> = { [name]: script };
  const modelFacts: Record<string, ModelFacts> =
    price === undefined ? {} : { [`scripted:${name}`]: { perMillion: price } };
  for (const member of members) {
    Object.assign(models, member.models);
    Object.assign(modelFacts, member.modelFacts);
  }
  return { agent, models, modelFacts };
}
