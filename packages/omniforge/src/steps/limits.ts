/** Whether a task may go on: turns, tokens and wall time, as the head counts them. */
import { totalTokens } from "./load-transcript.ts";
import { activeTime } from "./turn-view.ts";
import type { Limits } from "../protocol/agent-spec.ts";
import type { TaskRow } from "../store/task-store.ts";

export type LimitName = "turns" | "tokens" | "wall-time";

/** The limit that forbids this turn, if one does. */
export function limitReached(row: TaskRow, turn: number, now: number): LimitName | undefined {
  const { turns, tokens, wallTimeMs } = row.limits;
  if (turn > turns) return "turns";
  if (tokens !== undefined && totalTokens(row.usage) >= tokens) return "tokens";
  if (wallTimeMs !== undefined && activeTime(row, now) >= wallTimeMs) return "wall-time";
  return undefined;
}

/** A sub-agent's limits at its start: the smaller of its own and its share of what its parent has left. */
export function childLimits(own: Limits, parent: TaskRow, shares: number, now: number): Limits {
  const share = (limit: number | undefined, used: number): number | undefined =>
    limit === undefined ? undefined : Math.max(1, Math.floor((limit - used) / Math.max(1, shares)));
  const smaller = (one: number | undefined, other: number | undefined): number | undefined =>
    one === undefined ? other : other === undefined ? one : Math.min(one, other);
  const tokens = smaller(own.tokens, share(parent.limits.tokens, totalTokens(parent.usage)));
  // Sub-agents of one reply run side by side: their time is not divided.
  const left =
    parent.limits.wallTimeMs === undefined
      ? undefined
      : Math.max(1, parent.limits.wallTimeMs - activeTime(parent, now));
  const wallTimeMs = smaller(own.wallTimeMs, left);
  const { turns, atLimit } = own;
  const depth = Math.min(own.depth, Math.max(0, parent.limits.depth - 1));
  return {
    turns,
    atLimit,
    depth,
    children: own.children,
    ...(tokens !== undefined && { tokens }),
    ...(wallTimeMs !== undefined && { wallTimeMs }),
  };
}
