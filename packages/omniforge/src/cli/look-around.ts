/** What commands that open no data can know: config file, agents, models. */
import type { Agent } from "../agents/define-agent.ts";
import { discoverModels, type Discovery } from "../models/discovery/index.ts";
import { chooseModel, type ChosenModel } from "./choose-model.ts";
import { loadConfig, type LoadedConfig } from "./config/load-config.ts";
import { agentsOf } from "./open-forge.ts";
import { probeQuickly } from "./probe-quickly.ts";

export interface Around extends LoadedConfig {
  readonly agents: readonly Agent[];
  readonly discovery: Discovery;
  readonly model: ChosenModel;
}

/** Looks, and creates nothing. Throws UsageError for a config file that is wrong. */
export async function lookAround(): Promise<Around> {
  const loaded = await loadConfig();
  const discovery = await discoverModels(process.env, probeQuickly);
  return {
    ...loaded,
    agents: agentsOf(loaded.config),
    discovery,
    model: chooseModel(undefined, loaded.config, discovery),
  };
}
