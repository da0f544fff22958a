export { inProcess, type InProcessOptions } from "./backend.ts";
