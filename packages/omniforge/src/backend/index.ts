export type { Backend, BackendFactory, EngineState } from "./backend.ts";
export { reconcile, reconcileTask } from "./reconcile.ts";
