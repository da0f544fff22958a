/** What tests of agents, backends and stores are made of. Public: point it at your own. */
export { scriptedModel, type Conversation, type Script, type ScriptedReply } from "./scripted-model.ts";
export { testStore, type TestFramework } from "./store-contract.ts";
export { scriptedEffects, type EffectScript, type ScriptedEffects } from "./scripted-effects.ts";
