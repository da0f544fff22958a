export type { Backend, BackendFactory, EngineState } from "./backend.ts";
export { forgetErased, isOfEngine, reconcile } from "./reconcile.ts";
