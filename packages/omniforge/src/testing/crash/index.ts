/** The crash harness: what an agent under fire is, and what fires. */
export {
  defineCrashProgram,
  type CrashProgram,
  type CrashStage,
  type CreateCrashProgram,
} from "./crash-program.ts";
export type { EffectLedger } from "./ledger.ts";
export { testCrashes, type CrashOptions } from "./test-crashes.ts";
export type { BrokenPromise, CrashReport } from "./report.ts";
export type { Kill, Moment } from "./kill-plan.ts";
