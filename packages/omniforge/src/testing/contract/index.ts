export {
  scenarioNames,
  testBackend,
  type ContractOptions,
  type ScenarioFramework,
  type Skip,
} from "./test-backend.ts";
export type { Control, CreateEngine, CreateStorage, Engine, EngineOptions, OpenedStore } from "./engine.ts";
export type { ExpectedLogs } from "./expected.ts";
