/** Whose workflow runs the tasks: OmniForge's, or the hand-written one. */
import type { BackendFactory } from "omniforge/backend";
import { temporal } from "../../packages/temporal/src/index.ts";
import { handWritten } from "./hand-written.ts";

export type EngineName = "ours" | "hand";

export interface EngineOptions {
  readonly address: string;
  readonly turns: number;
  readonly onTurn: () => void;
}

export function engineOf(engine: EngineName, { address, turns, onTurn }: EngineOptions): BackendFactory {
  const taskQueue = engine;
  return engine === "ours"
    ? temporal({ address, taskQueue })
    : handWritten({ address, taskQueue, turns, onTurn });
}
