export type { Backend, BackendFactory, EngineState } from "./backend.ts";
export { forgetErased, reconcile } from "./reconcile.ts";
