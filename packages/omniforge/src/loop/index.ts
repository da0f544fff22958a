export * from "./effects.ts";
export * from "./run-agent.ts";
export * from "./run-turn.ts";
