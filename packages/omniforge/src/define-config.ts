/** What `omniforge.config.ts` says: what the commands of this folder and those below it work with. */
import type { Agent } from "./agents/define-agent.ts";
import type { OmniForgeOptions } from "./create-omniforge.ts";
import type { TemporalSettings } from "./load-temporal.ts";
import type { ModelFactsTable } from "./models/model-facts.ts";
import type { Retention } from "./retention.ts";
import type { ShellRules } from "./tools/builtin/shell/rules.ts";
import type { Tool } from "./tools/tool.ts";

/** Paths are relative to the file. An option of the command line comes before what stands here. */
export interface OmniForgeConfig {
  /** Beside `assistant`, which one of this name replaces. The first is the one that runs where none is named. */
  readonly agents?: readonly Agent[];
  /** Tools of earlier tasks, whose agents are not among these any more. */
  readonly tools?: readonly Tool[];
  /** By reference, `provider:model`; or a provider's models, by its name alone. */
  readonly models?: OmniForgeOptions["models"];
  /** The model of agents that name none. */
  readonly model?: string;
  readonly backend?: "in-process" | "temporal";
  /** Of the backend `temporal`: where its server is, which queues there are, and how processes work. */
  readonly temporal?: TemporalSettings;
  /** Default `.omniforge` beside the file. */
  readonly dataDirectory?: string;
  /** The folder that tasks work on. Default: the one that the command is typed in. */
  readonly workspace?: string;
  readonly durability?: OmniForgeOptions["durability"];
  /** A PostgreSQL address. OMNIFORGE_DATABASE_URL in the environment comes before it. */
  readonly database?: string;
  /** The address of a Redis server. OMNIFORGE_REDIS_URL in the environment comes before it. */
  readonly redis?: string;
  /** Which commands the tool `bash` runs without asking, and which never. */
  readonly rules?: ShellRules;
  /** Members of tools' and people's values that are shown to nobody: names, or paths like `$.card.number`. */
  readonly redact?: readonly string[];
  /** How long ended tasks are kept. Default for ever. */
  readonly retention?: Retention;
  /** How many requests each tenant may make of a server in so many seconds. Default 6,000 in 60. */
  readonly rateLimit?: { readonly quota: number; readonly windowSeconds: number };
  /** Prices and context lengths that are yours, or newer than ours. */
  readonly modelFacts?: ModelFactsTable;
}

/**
 * Types a configuration; it is checked when a command loads it.
 *
 * @example
 * export default defineConfig({ agents: [reviewer], model: "anthropic:claude-sonnet-5-5" });
 */
export function defineConfig(config: OmniForgeConfig): OmniForgeConfig {
  return config;
}
