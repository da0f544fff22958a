/**
 * Opening the OmniForge that a command works with: config file, data directory, engine, agents, models.
 */
import { randomUUID } from "node:crypto";
import { assistant } from "../agents/assistant.ts";
import { defineAgent, type Agent } from "../agents/define-agent.ts";
import { createOmniForge, type OmniForge } from "../create-omniforge.ts";
import type { OmniForgeConfig } from "../define-config.ts";
import { inProcess } from "../in-process/backend.ts";
import { loadTemporal, type TemporalProcess, type TemporalSettings } from "../load-temporal.ts";
import type { LanguageModel } from "../models/language-model.ts";
import { discoverModels, type Discovery } from "../models/discovery/index.ts";
import { userMessage } from "../protocol/message.ts";
import type { EngineName } from "../protocol/task.ts";
import { redactForge } from "../redaction/redact-forge.ts";
import { say } from "../say.ts";
import { createShellTool } from "../tools/builtin/index.ts";
import type { Tool } from "../tools/tool.ts";
import { chooseModel, type ChosenModel } from "./choose-model.ts";
import { loadConfig, type LoadedConfig } from "./config/load-config.ts";
import { UsageError } from "./exit-code.ts";
import type { OpenedTasks } from "./opened-tasks.ts";
import { defaultData } from "./place.ts";
import { probeQuickly } from "./probe-quickly.ts";

export interface ForgeChoice {
  readonly data?: string | undefined;
  readonly backend?: EngineName | undefined;
  /** Whether this process executes tasks, or only talks to those that do; where it depends on the engine, by which. */
  readonly work: boolean | ((engine: EngineName) => boolean);
  /** What this process does on Temporal beyond the config file's settings. */
  readonly temporal?: Omit<TemporalProcess, Exclude<keyof TemporalSettings, "worker">>;
  /** Whether it creates tasks: then it must know the model that they get. */
  readonly creates?: boolean;
  /** The model that was asked for, by its reference. */
  readonly model?: string | undefined;
  /** No config file, and this model only: whatever keys there are. */
  readonly only?: { readonly reference: string; readonly model: LanguageModel };
}

export interface Opened extends OpenedTasks {
  /** The folder where tasks are kept. */
  readonly dataDirectory: string;
  readonly forge: OmniForge;
  readonly configFile: string | undefined;
  /** Those of the config file and ours, the one that runs unnamed first. */
  readonly agents: readonly Agent[];
  /** The model of agents that name none, and why it is this one. */
  readonly model: ChosenModel;
  readonly discovery: Discovery;
}

/** Opens, or creates, the data directory. Throws ENGINE_MISSING or ENGINE_UNREACHABLE for an engine that is not there. */
export async function openForge(choice: ForgeChoice): Promise<Opened> {
  const { only } = choice;
  const loaded: LoadedConfig = only === undefined ? await loadConfig() : { config: {} };
  const { config } = loaded;
  const agents = agentsOf(config);
  const engine = choice.backend ?? config.backend ?? "in-process";
  const work = typeof choice.work === "function" ? choice.work(engine) : choice.work;
  const looks = only === undefined && (work || choice.creates === true);
  const discovery = looks ? await discoverModels(process.env, probeQuickly) : nothing;
  const model = chooseModel(only?.reference ?? choice.model, config, discovery);
  const models = only === undefined ? config.models : { [only.reference]: only.model };
  const dataDirectory = choice.data ?? config.dataDirectory ?? defaultData;
  const database = databaseOf(config);
  const redis = redisOf(config);
  const whole = await createOmniForge({
    dataDirectory,
    agents,
    work,
    backend: engine === "temporal" ? await loadTemporal(processOf(config, choice)) : inProcess(),
    model: model.reference,
    discovery,
    ...(config.redact !== undefined && { redact: config.redact }),
    ...(config.retention !== undefined && { retention: config.retention }),
    ...(config.tools !== undefined && { tools: config.tools }),
    ...(config.workspace !== undefined && { workspace: config.workspace }),
    ...(database !== undefined && { database }),
    ...(redis !== undefined && { redis }),
    ...(config.durability !== undefined && { durability: config.durability }),
    ...(models !== undefined && { models }),
    ...(config.modelFacts !== undefined && { modelFacts: config.modelFacts }),
  });
  const forge = redactForge(whole, whole.redactor);
  let closed: Promise<void> | undefined;
  return {
    forge,
    dataDirectory,
    tasks: {
      ...forge,
      async say(task, text, id = `message_${randomUUID()}`) {
        const message = typeof text === "string" ? userMessage(text) : text;
        await say(forge, await forge.get(task), message, { id });
      },
    },
    config,
    configFile: loaded.file,
    agents,
    model,
    discovery,
    close: () => (closed ??= forge.close()),
    retell: (task) => forge.backend.cancel(task),
    reopen: () => openForge({ ...choice, backend: forge.backend.name, work: false, creates: false }),
    isAnyoneWorking: () => forge.backend.isAnyoneWorking(),
  };
}

/** What the command line says of a worker comes before what the config file says of it. */
function processOf({ temporal = {} }: OmniForgeConfig, choice: ForgeChoice): TemporalProcess {
  return { ...temporal, ...choice.temporal, worker: { ...temporal.worker, ...choice.temporal?.worker } };
}

/** Where it runs is known to the environment, not to the config file that is checked in. */
export function databaseOf({ database }: OmniForgeConfig): string | undefined {
  return process.env["OMNIFORGE_DATABASE_URL"] ?? database;
}

/** Likewise. */
export function redisOf({ redis }: OmniForgeConfig): string | undefined {
  return process.env["OMNIFORGE_REDIS_URL"] ?? redis;
}

const nothing: Discovery = { found: [], looked: [] };

/** The agents of the config file, then ours, unless one of the same name takes its place. */
export function agentsOf({ agents = [], rules }: OmniForgeConfig): readonly Agent[] {
  const all = agents.some(({ name }) => name === assistant.name) ? agents : [...agents, assistant];
  if (rules === undefined) return all;
  const bash = createShellTool({ rules });
  return all.map((agent) => withTool(agent, bash));
}

/** The agent and its sub-agents, each with this tool in the place of its own of the same name. */
function withTool({ definition }: Agent, tool: Tool): Agent {
  const { tools = [], agents = [] } = definition;
  return defineAgent({
    ...definition,
    tools: tools.map((one) => (one.spec.name === tool.spec.name ? tool : one)),
    agents: agents.map((one) => withTool(one, tool)),
  });
}

/** The agent of this name; without one, the first. Throws UsageError. */
export function agentNamed({ agents }: Pick<Opened, "agents">, name: string | undefined): Agent {
  const agent = name === undefined ? agents[0] : agents.find((one) => one.name === name);
  if (agent !== undefined) return agent;
  throw new UsageError(`there is no agent ${name}; there is: ${agents.map((one) => one.name).join(", ")}`);
}
