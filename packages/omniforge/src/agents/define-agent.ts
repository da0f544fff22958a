/**
 * Agents as people write them, and the data that a task pins of them.
 *
 * Owns: `defineAgent`, its defaults, and gathering an agent with its sub-agents into one spec set.
 */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import {
  agentSpec,
  type AgentSpec,
  type Limits,
  type RetryPolicy,
  type SpecSet,
  type ToolSpec,
} from "../protocol/agent-spec.ts";
import { OmniForgeError } from "../protocol/error.ts";
import { toJsonSchema, type Schema } from "../tools/schema.ts";
import { defaultRetry, type Tool } from "../tools/tool.ts";

export interface AgentDefinition {
  readonly name: string;
  readonly description?: string;
  readonly instructions: string;
  /** `provider:model`. Default: the OmniForge's. */
  readonly model?: string;
  /** Tried in this order once the model before has used up its attempts. */
  readonly fallbackModels?: readonly string[];
  /** The final answer's schema; none: text. An answer that does not fit is sent back once to be repaired. */
  readonly output?: Schema<unknown>;
  readonly tools?: readonly Tool[];
  /** Sub-agents: each is a tool of its own name that takes a message. */
  readonly agents?: readonly Agent[];
  readonly skills?: readonly string[];
  readonly limits?: Partial<Limits>;
  readonly modelRetry?: Partial<RetryPolicy>;
  readonly modelTimeoutMs?: number;
  readonly modelIdleTimeoutMs?: number;
  /** Compacts the transcript when it is longer than this many tokens (estimated). */
  readonly compactAtTokens?: number;
}

export interface Agent {
  readonly definition: AgentDefinition;
  readonly name: string;
  /** Every tool of the agent and its sub-agents, for the registry. */
  readonly tools: readonly Tool[];
  /** What a task pins; agents without a model get this one. Throws INVALID_AGENT. */
  readonly specSet: (defaultModel: string) => SpecSet;
}

const defaultLimits: Limits = { turns: 100, atLimit: "fail", depth: 3, children: 32 };
/** Spec sets of an agent that are kept: a program has one default model, and seldom a second. */
const keptSets = 8;

const defaultModelRetry: RetryPolicy = {
  maximumAttempts: 3,
  initialIntervalMs: 1_000,
  backoffCoefficient: 2,
  maximumIntervalMs: 60_000,
};

/** Defines an agent. Throws INVALID_AGENT when two tools or agents of it share a name, or a field is wrong. */
export function defineAgent(definition: AgentDefinition): Agent {
  const { name, tools = [], agents = [] } = definition;
  const makeSpecSet = (defaultModel: string): SpecSet => {
    const specs: Record<string, AgentSpec> = {};
    for (const agent of agents)
      for (const spec of Object.values(agent.specSet(defaultModel).agents)) add(specs, spec, name);
    if (Object.hasOwn(specs, name))
      throw new OmniForgeError("INVALID_AGENT", `agent ${name} has a sub-agent of its own name`);
    return { v: 1, root: name, agents: { ...specs, [name]: toSpec(definition, defaultModel) } };
  };
  // A definition does not change, and every task pins the set: it is made once for each model that was the default.
  const made = new Map<string, SpecSet>();
  const specSet = (defaultModel: string): SpecSet => {
    const set = made.get(defaultModel) ?? makeSpecSet(defaultModel);
    if (made.size < keptSets) made.set(defaultModel, set);
    return set;
  };
  const agent: Agent = {
    definition,
    name,
    specSet,
    tools: [...tools, ...agents.flatMap((one) => one.tools)],
  };
  makeSpecSet("check:definition");
  return agent;
}

/** An agent may be the sub-agent of several; another one of its name would be run in its place. */
function add(specs: Record<string, AgentSpec>, spec: AgentSpec, under: string): void {
  const known = Object.hasOwn(specs, spec.name) ? specs[spec.name] : undefined;
  if (known !== undefined && !isDeepStrictEqual(known, spec))
    throw new OmniForgeError(
      "INVALID_AGENT",
      `agent ${under} has two different agents named ${spec.name} below it`,
    );
  specs[spec.name] = spec;
}

function toSpec(definition: AgentDefinition, defaultModel: string): AgentSpec {
  const { name, description = "", instructions, tools = [], agents = [] } = definition;
  const specs = [...tools.map((tool) => tool.spec), ...agents.map(toToolSpec)];
  const twice = specs.find((one, index) => specs.findIndex((other) => other.name === one.name) !== index);
  if (twice !== undefined)
    throw new OmniForgeError("INVALID_AGENT", `agent ${name} has two tools named ${twice.name}`);
  const parsed = agentSpec.safeParse({
    v: 1,
    name,
    description,
    instructions,
    model: definition.model ?? defaultModel,
    tools: specs,
    skills: [...(definition.skills ?? [])],
    limits: { ...defaultLimits, ...definition.limits },
    modelRetry: { ...defaultModelRetry, ...definition.modelRetry },
    modelTimeoutMs: definition.modelTimeoutMs ?? 600_000,
    modelIdleTimeoutMs: definition.modelIdleTimeoutMs ?? 60_000,
    ...(definition.fallbackModels !== undefined && { fallbackModels: [...definition.fallbackModels] }),
    ...(definition.output !== undefined && { output: toJsonSchema(definition.output) }),
    ...(definition.compactAtTokens !== undefined && { compactAtTokens: definition.compactAtTokens }),
  });
  if (!parsed.success)
    throw new OmniForgeError("INVALID_AGENT", `agent ${name}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** A sub-agent as its parent's model sees it. */
function toToolSpec({ name, definition }: Agent): ToolSpec {
  return {
    name,
    description: definition.description ?? `Hands work to the agent ${name}.`,
    parameters: {
      type: "object",
      properties: {
        message: {
          type: "string",
          description: "What the agent is to do, with everything it needs to know.",
        },
      },
      required: ["message"],
      additionalProperties: false,
    },
    runs: "agent",
    agent: name,
    effects: "idempotent",
    timeoutMs: 1,
    retry: defaultRetry,
    approval: "never",
    unknown: "model",
  };
}
