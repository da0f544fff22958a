/**
 * The one place where an entry changes what a task's head says (W1: state is written nowhere else).
 *
 * Invariants: pure; applying a log from its first entry gives the head that the store holds (tested).
 */
import type { LimitName, Limits } from "../protocol/agent-spec.ts";
import type { Entry } from "../protocol/entry.ts";
import { addUsage } from "../protocol/message.ts";
import type { TaskHead } from "./task-store.ts";

export function project(head: TaskHead, entry: Entry): TaskHead {
  const next = { ...change(head, entry), headSeq: entry.seq, updatedAt: entry.at };
  return clock(next, entry.at);
}

function change(head: TaskHead, entry: Entry): TaskHead {
  switch (entry.kind) {
    case "message":
      return { ...head, messages: head.messages + 1 };
    case "reply": {
      const { turn, took, usage } = entry.body;
      return working({
        ...head,
        turn,
        turnSeq: entry.seq,
        taken: head.taken + took.length,
        usage: addUsage(head.usage, usage),
      });
    }
    case "request":
      return working({ ...head, pending: [...head.pending, entry.body] });
    case "input": {
      const { id, answer } = entry.body;
      const request = head.pending.find((one) => one.id === id);
      const pending = head.pending.filter((one) => one.id !== id);
      const limits =
        request?.limit !== undefined && answer?.decision === "approve"
          ? extend(head, request.limit)
          : head.limits;
      return working({ ...head, pending, limits });
    }
    case "cancel":
      return head.cancelSeq === null ? { ...head, cancelSeq: entry.seq } : head;
    case "compaction": {
      const { outcome, epoch, usage } = entry.body;
      const counted = { ...head, usage: addUsage(head.usage, usage) };
      return outcome === "compacted"
        ? { ...counted, epoch, epochTurn: head.turn, epochSeq: entry.seq }
        : counted;
    }
    case "result": {
      const { usage, waitedMs = 0 } = entry.body;
      const counted = usage === undefined ? head : { ...head, usage: addUsage(head.usage, usage) };
      return waitedMs === 0 ? counted : { ...counted, activeMs: head.activeMs - waitedMs };
    }
    case "attempt":
      return entry.body.usage === undefined
        ? head
        : { ...head, usage: addUsage(head.usage, entry.body.usage) };
    case "ended":
      return { ...head, state: entry.body.state, endedSeq: entry.seq, pending: [] };
    case "child":
      return { ...head, children: head.children + 1 };
    case "created":
    case "claim":
    case "release":
    case "refusal":
    case "artifact":
    case "recovery":
      return head;
  }
}

/** After the first turn a task works, or waits for a person. */
function working(head: TaskHead): TaskHead {
  return { ...head, state: head.pending.length > 0 ? "input-required" : "working" };
}

/** A granted limit request allows as much again of what had run out. The turn that asked for it is given back. */
function extend({ limits, turn }: TaskHead, limit: LimitName): Limits {
  const { tokens, wallTimeMs, costUsd } = limits;
  const turns = limits.turns + 1;
  switch (limit) {
    case "turns":
      return { ...limits, turns: turn + limits.turns };
    case "tokens":
      return { ...limits, turns, ...(tokens !== undefined && { tokens: tokens * 2 }) };
    case "wall-time":
      return { ...limits, turns, ...(wallTimeMs !== undefined && { wallTimeMs: wallTimeMs * 2 }) };
    case "cost":
      return { ...limits, turns, ...(costUsd !== undefined && { costUsd: costUsd * 2 }) };
  }
}

/** Wall time runs while the task is not waiting for a person. */
function clock(head: TaskHead, at: number): TaskHead {
  const runs = head.state === "submitted" || head.state === "working";
  if (runs && head.activeSince === null) return { ...head, activeSince: at };
  if (!runs && head.activeSince !== null)
    return { ...head, activeMs: head.activeMs + Math.max(0, at - head.activeSince), activeSince: null };
  return head;
}
