export type { Backend, BackendFactory, EngineState } from "./backend.ts";
export { reconcile } from "./reconcile.ts";
