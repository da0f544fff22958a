/** OmniForge: AI agents that run durably, in this process or on Temporal. */
export {
  createOmniForge,
  type OmniForge,
  type OmniForgeOptions,
  type RunOptions,
  type RunResult,
  type SubmitOptions,
} from "./create-omniforge.ts";
export type { Followed, ListedTasks, Tasks } from "./tasks.ts";
export type { Retention } from "./retention.ts";
export { defineConfig, type OmniForgeConfig } from "./define-config.ts";
export type { TemporalSettings } from "./load-temporal.ts";
export { defineAgent, type Agent, type AgentDefinition } from "./agents/define-agent.ts";
export {
  defineTool,
  InputRequired,
  ToolNotStarted,
  type Tool,
  type ToolContext,
  type ToolDefinition,
  type ToolOutput,
} from "./tools/tool.ts";
export { createToolRegistry, type ToolRegistry } from "./tools/tool-registry.ts";
export {
  askHumanTool,
  bashTool,
  createFetchTool,
  createShellTool,
  editTool,
  fetchTool,
  fileTools,
  globTool,
  grepTool,
  readTool,
  todoTool,
  type FetchToolOptions,
  type ShellRules,
  type ShellToolOptions,
  writeTool,
} from "./tools/builtin/index.ts";
export { inProcess, type InProcessOptions } from "./in-process/backend.ts";
export { createKeylessModel } from "./models/keyless/index.ts";
export {
  discoverModels,
  registerDiscovered,
  type Discovery,
  type FoundModels,
  type LookedAt,
} from "./models/discovery/index.ts";
export type { LanguageModel } from "./models/language-model.ts";
export { costOf, factsOf, type ModelFacts, type ModelFactsTable } from "./models/model-facts.ts";
export { createProvider, type ProviderKind, type ProviderSettings } from "./models/providers/index.ts";
export { OmniForgeError, type ErrorCode, type Failure } from "./protocol/error.ts";
export type { Entry, EntryKind } from "./protocol/entry.ts";
export type { TaskEvent } from "./protocol/event.ts";
export type { Answer, InputRequest } from "./protocol/input.ts";
export type { Message, Part, Usage } from "./protocol/message.ts";
export type { Task, TaskState } from "./protocol/task.ts";
