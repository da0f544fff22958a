/**
 * Opening the OmniForge that a command works with: the data directory, the engine, the agents.
 *
 * Owns, besides: looking who runs tasks here, which only an opened store can tell.
 */
import { assistant } from "../agents/assistant.ts";
import type { BackendFactory } from "../backend/backend.ts";
import { createOmniForge, type OmniForge } from "../create-omniforge.ts";
import { inProcess } from "../in-process/backend.ts";
import type { LanguageModel } from "../models/language-model.ts";
import type { EngineName } from "../protocol/task.ts";
import type { StepWorld } from "../steps/step.ts";

export const agents = [assistant];
export const defaultData = ".omniforge";

export interface ForgeChoice {
  readonly data?: string | undefined;
  readonly backend?: EngineName | undefined;
  /** Whether this process executes tasks, or only talks to those that do. */
  readonly work: boolean;
  readonly models?: Readonly<Record<string, LanguageModel>>;
  /** The model of agents that name none. */
  readonly model?: string;
}

export interface Opened {
  readonly forge: OmniForge;
  /** Closes it, once. */
  readonly close: () => Promise<void>;
  /** Whether a living process, this one included, executes in-process tasks of this data directory. */
  readonly isAnyoneWorking: () => Promise<boolean>;
}

/** Opens, or creates, the data directory. Throws ENGINE_MISSING or ENGINE_UNREACHABLE for an engine that is not there. */
export async function openForge(choice: ForgeChoice): Promise<Opened> {
  const seen: { world?: StepWorld } = {};
  const local: BackendFactory = (world, options) => {
    seen.world = world;
    return inProcess()(world, options);
  };
  const forge = await createOmniForge({
    dataDirectory: choice.data ?? defaultData,
    agents,
    work: choice.work,
    backend: choice.backend === "temporal" ? "temporal" : local,
    ...(choice.model !== undefined && { model: choice.model }),
    ...(choice.models && { models: choice.models }),
  });
  let closed: Promise<void> | undefined;
  return {
    forge,
    close: () => (closed ??= forge.close()),
    async isAnyoneWorking() {
      const owners = (await seen.world?.store.executions.owners()) ?? [];
      return owners.some(({ dead }) => !dead);
    },
  };
}
