export {
  scenarioNames,
  testBackend,
  type ContractOptions,
  type ScenarioFramework,
  type Skip,
} from "./test-backend.ts";
export type { Control, CreateEngine, Engine, EngineOptions } from "./engine.ts";
export type { ExpectedLogs } from "./expected.ts";
