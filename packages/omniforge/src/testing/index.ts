/** What tests of agents, backends and stores are made of. Public: point it at your own. */
export { checkLog } from "./check-log.ts";
export { scriptedModel, type Conversation, type Script, type ScriptedReply } from "./scripted-model.ts";
export { testKeyStore, type OpenedKeys } from "./key-store-contract.ts";
export { testStore, type TestFramework } from "./store-contract.ts";
export { scriptedEffects, type EffectScript, type ScriptedEffects } from "./scripted-effects.ts";
export { normalise, type NormalEntry } from "./normalise.ts";
export {
  scenarioNames,
  testBackend,
  type ContractOptions,
  type Control,
  type CreateEngine,
  type Engine,
} from "./contract/index.ts";
export type { EngineOptions, ExpectedLogs, ScenarioFramework, Skip } from "./contract/index.ts";
export {
  defineCrashProgram,
  testCrashes,
  type BrokenPromise,
  type CrashOptions,
  type CrashProgram,
  type CrashReport,
  type CrashStage,
  type CreateCrashProgram,
  type EffectLedger,
  type Kill,
  type Moment,
} from "./crash/index.ts";
