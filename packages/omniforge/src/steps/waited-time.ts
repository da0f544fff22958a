/**
 * How long a turn waited for people whom its sub-agents had asked: what its wall time leaves out.
 *
 * Never too much: only time in which nothing of the task itself ran, less all that its sub-agents worked. So sub-agents
 * that work while others wait make it smaller than it was, and a limit of wall time is never passed unseen.
 */
import type { Call } from "../protocol/call.ts";
import { siblingKey } from "../protocol/step-key.ts";
import type { TaskRow } from "../store/task-store.ts";
import { outcomeOf, type TurnView } from "./turn-view.ts";

type Turn = Pick<TurnView, "reply" | "entries">;
/** A sub-agent that has ended: when, and how long it worked. */
type Ended = Pick<TaskRow, "updatedAt" | "activeMs">;

/** Whether this is the turn's last sub-agent that has not been collected. */
export function isLastChild(view: Turn, call: Call): boolean {
  return openedCalls(view).every((one) => one.key === call.key || outcomeOf(view, one.key) !== undefined);
}

/** The turn's calls for which a sub-agent was opened. */
export function openedCalls(view: Turn): readonly Call[] {
  return (view.reply?.body.calls ?? []).filter(
    (call) => outcomeOf(view, siblingKey(call.key, "open")) !== undefined,
  );
}

/** The time that this turn only waited for people, once these sub-agents, all that it opened, have ended. Milliseconds. */
export function waitedForPeople(view: Turn, children: readonly Ended[]): number {
  const end = Math.max(...children.map(({ updatedAt }) => updatedAt));
  const worked = children.reduce((sum, { activeMs }) => sum + activeMs, 0);
  return Math.max(0, Math.floor(idleTime(view, end) - worked));
}

/** For how long, up to `end`, all open calls were sub-agents' and the task's own wall time ran. */
function idleTime(view: Turn, end: number): number {
  const open = new Set((view.reply?.body.calls ?? []).map(({ key }) => key));
  const opened = new Map(openedCalls(view).map(({ key }) => [siblingKey(key, "open"), key]));
  const waiting = new Set<string>();
  const asked = new Set<string>();
  let idle = 0;
  let since: number | undefined;
  const halt = (at: number): void => {
    if (since !== undefined) idle += Math.max(0, Math.min(at, end) - since);
    since = undefined;
  };
  for (const entry of view.entries) {
    if (entry.kind === "request") asked.add(entry.body.id);
    if (entry.kind === "input") asked.delete(entry.body.id);
    if (entry.kind === "child") waiting.add(opened.get(entry.key ?? "") ?? "");
    if (entry.kind === "result") open.delete(entry.key ?? "");
    const isIdle = asked.size === 0 && [...open].every((key) => waiting.has(key));
    if (!isIdle) halt(entry.at);
    else since ??= entry.at;
  }
  halt(end);
  return idle;
}
