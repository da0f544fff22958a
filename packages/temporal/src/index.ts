/** OmniForge on Temporal: the same loop as a workflow, model and tool calls as activities, sub-agents as child workflows. */
export { temporal } from "./backend.ts";
export type {
  Deployment,
  ReconcileOptions,
  StepQueues,
  SummarizedCall,
  TemporalOptions,
  WorkerTuning,
} from "./options.ts";
export { startDevServer, type DevServer, type DevServerOptions } from "./dev-server/start-server.ts";
export { configuredAddress, inspect, setUp, type Inspection } from "./set-up.ts";
export type { RunningWorker } from "./worker.ts";

import type { StepWorld } from "omniforge/steps";
import type { TemporalOptions } from "./options.ts";
import type { RunningWorker } from "./worker.ts";

/**
 * Starts a worker without a backend: a process that only performs steps and runs workflows.
 *
 * Loads the worker's native parts when it is called, not before. Throws ENGINE_UNREACHABLE when no server answers.
 */
export async function startWorker(world: StepWorld, options: TemporalOptions = {}): Promise<RunningWorker> {
  const worker = await import("./worker.ts");
  return worker.startWorker(world, options);
}
