/**
 * Whether a task may go on: turns, tokens, cost and wall time, as the head counts them; and what a sub-agent gets of it.
 *
 * Owns the rule of shares: sub-agents of one reply get what is left of tokens and cost in equal parts, so together they
 * can't be given more than their parent has. What is counted is what is recorded: a call of a model that has begun is paid
 * for, so a task may pass its limit by that one call.
 */
import { totalTokens } from "./load-transcript.ts";
import { activeTime } from "./turn-view.ts";
import type { LimitName, Limits } from "../protocol/agent-spec.ts";
import type { TaskRow } from "../store/task-store.ts";

/** The limit that forbids this turn, if one does. */
export function limitReached(row: TaskRow, turn: number, now: number): LimitName | undefined {
  return turn > row.limits.turns ? "turns" : limitSpent(row, now);
}

/** The limit of which nothing is left, if there is one: neither for a turn nor for a sub-agent. */
export function limitSpent(row: TaskRow, now: number): LimitName | undefined {
  const { tokens, costUsd, wallTimeMs } = row.limits;
  if (tokens !== undefined && totalTokens(row.usage) >= tokens) return "tokens";
  if (costUsd !== undefined && spent(row) >= costUsd) return "cost";
  if (wallTimeMs !== undefined && activeTime(row, now) >= wallTimeMs) return "wall-time";
  return undefined;
}

/** US dollars that the task and its collected sub-agents have cost. */
const spent = ({ usage }: TaskRow): number => usage.costUsd ?? 0;

/** A sub-agent's limits at its start: the smaller of its own and its share of what its parent has left. */
export function childLimits(own: Limits, parent: TaskRow, shares: number, now: number): Limits {
  const left = parent.limits;
  const parts = Math.max(1, shares);
  const tokens = smaller(
    own.tokens,
    left.tokens === undefined
      ? undefined
      : Math.max(1, Math.floor((left.tokens - totalTokens(parent.usage)) / parts)),
  );
  const costUsd = smaller(
    own.costUsd,
    left.costUsd === undefined ? undefined : toBillionths((left.costUsd - spent(parent)) / parts),
  );
  // Sub-agents of one reply run side by side: their time is not divided.
  const wallTimeMs = smaller(
    own.wallTimeMs,
    left.wallTimeMs === undefined ? undefined : Math.max(1, left.wallTimeMs - activeTime(parent, now)),
  );
  const { turns, atLimit } = own;
  const depth = Math.min(own.depth, Math.max(0, parent.limits.depth - 1));
  return {
    turns,
    atLimit,
    depth,
    children: own.children,
    ...(tokens !== undefined && { tokens }),
    ...(costUsd !== undefined && { costUsd }),
    ...(wallTimeMs !== undefined && { wallTimeMs }),
  };
}

function smaller(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined ? other : other === undefined ? one : Math.min(one, other);
}

/** The same costs added up in another order give the same share. Never nothing: that is refused before. */
function toBillionths(dollars: number): number {
  return Math.max(1e-9, Math.round(dollars * 1e9) / 1e9);
}
