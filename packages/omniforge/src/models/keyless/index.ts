export { createKeylessModel, keylessReference, type KeylessOptions } from "./keyless-model.ts";
export type { Interference } from "./parts.ts";
