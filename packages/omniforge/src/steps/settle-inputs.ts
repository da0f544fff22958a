/**
 * Settles waiting calls from the log: approvals, answers, expiries, ended children. Never waits itself.
 *
 * A refusal or an answer to a question becomes the call's result; an approved call is ready to run. A deadline that has
 * passed is accepted as an expiry under the request's own id, so an answer and an expiry can't both win (P1). A conversation
 * that listens is answered by whatever was said to it and is not taken yet.
 */
import type { Call, Settled } from "../protocol/call.ts";
import { entry, type EntryBody, type EntryOf } from "../protocol/entry.ts";
import type { Part } from "../protocol/message.ts";
import { parseStepKey } from "../protocol/step-key.ts";
import { listens } from "../tools/builtin/listen.ts";
import { expire, hear } from "./accept.ts";
import { collectChild } from "./open-child.ts";
import { done, record, refusedStep, type Attempt, type StepResult, type StepWorld } from "./step.ts";
import { asksOutcome, inputTo, outcomeOf, requestsOf, viewTurn, type TurnView } from "./turn-view.ts";

export async function settleInputs(
  world: StepWorld,
  attempt: Attempt,
  calls: readonly Call[],
): Promise<StepResult<Settled>> {
  const read = await world.store.turn(attempt);
  if (read === undefined) return { kind: "stopped", why: "missing" };
  if (read.row.endedSeq !== null) return { kind: "stopped", why: "ended" };
  if (read.row.cancelSeq !== null) return { kind: "canceled" };
  const ready: Call[] = [];
  const waiting: Call[] = [];
  const deadlines: number[] = [];
  for (const call of calls) {
    const one = await settleCall(world, attempt, viewTurn(read), call);
    if (one.kind !== "done") return one;
    if (one.value.kind === "ready") ready.push(call);
    if (one.value.kind === "waiting") {
      waiting.push(call);
      if (one.value.deadline !== undefined) deadlines.push(one.value.deadline);
    }
  }
  // No call runs before all are settled: then one more fan-out runs all of them (the loop's order within a turn).
  const bare = ready.map(({ waits: _waited, ...call }) => call);
  return done({
    ready: bare,
    waiting,
    wakes: read.row.wakes,
    ...(deadlines.length > 0 && { nextAt: Math.min(...deadlines) }),
  });
}

type CallState =
  | { readonly kind: "ready" | "settled" }
  | { readonly kind: "waiting"; readonly deadline?: number };

async function settleCall(
  world: StepWorld,
  attempt: Attempt,
  view: TurnView,
  call: Call,
): Promise<StepResult<CallState>> {
  if (parseStepKey(call.key).turn < view.row.turn || outcomeOf(view, call.key) !== undefined)
    return done({ kind: "settled" });
  if (call.waits === "child") {
    const collected = await collectChild(world, attempt, call);
    return collected.kind === "done"
      ? done({ kind: collected.value === "collected" ? "settled" : "waiting" })
      : collected;
  }
  const requests = requestsOf(view, call.key);
  const open = requests.find(({ body }) => inputTo(view, body.id) === undefined);
  if (open !== undefined) {
    const { deadline } = open.body;
    // A conversation goes on with what was said to it, now or while it did something else.
    const isTold = listens(call, open.body) && view.row.messages > view.row.taken;
    const isOver = deadline !== undefined && deadline <= world.now();
    if (!isTold && !isOver) return done({ kind: "waiting", ...(deadline !== undefined && { deadline }) });
    const input = await (isTold ? hear : expire)(world, attempt, open.body);
    return input === undefined
      ? { kind: "stopped", why: "stale" }
      : decided(world, attempt, call, open, input.body);
  }
  const last = requests.at(-1);
  const input = last === undefined ? undefined : inputTo(view, last.body.id);
  if (last === undefined || input === undefined) return done({ kind: "ready" });
  return decided(world, attempt, call, last, input.body);
}

/** What an answered, expired or withdrawn request means for its call. */
async function decided(
  world: StepWorld,
  attempt: Attempt,
  call: Call,
  request: EntryOf<"request">,
  input: EntryBody<"input">,
): Promise<StepResult<CallState>> {
  const { answer, outcome } = input;
  // The answer to a limit's request extends the limit in the head; there is nothing to run.
  if (call.runs === "limit") return done({ kind: "settled" });
  if (answer?.decision === "approve") return done({ kind: "ready" });
  if (answer?.decision === "answer") {
    const isOutcome = call.runs === "question" || asksOutcome(request);
    if (!isOutcome) return done({ kind: "ready" });
    const status = call.runs === "question" ? "result" : "unknown";
    return outcomeIs(world, attempt, call, { name: call.name, status, parts: [toPart(answer.value)] });
  }
  // Nobody knows more than before: that it was started stays the truth.
  if (asksOutcome(request)) {
    const message = `${call.name} was started, and whether it took effect is unknown`;
    return outcomeIs(world, attempt, call, {
      name: call.name,
      status: "unknown",
      parts: [],
      error: { code: "TASK_LOST", message },
    });
  }
  const message =
    outcome === "expired"
      ? "nobody answered before the deadline"
      : `a person refused this call${answer?.decision === "reject" && answer.reason !== undefined ? `: ${answer.reason}` : ""}`;
  return outcomeIs(world, attempt, call, {
    name: call.name,
    status: "refused",
    parts: [],
    error: { code: "INVALID_INPUT", message },
  });
}

function toPart(
  value: Extract<NonNullable<EntryBody<"input">["answer"]>, { decision: "answer" }>["value"],
): Part {
  return typeof value === "string" ? { type: "text", text: value } : { type: "data", value };
}

async function outcomeIs(
  world: StepWorld,
  attempt: Attempt,
  call: Call,
  body: EntryBody<"result">,
): Promise<StepResult<CallState>> {
  const result = await record(world, attempt, [entry("result", body, call.key)], {
    key: call.key,
    turn: parseStepKey(call.key).turn,
  });
  return result.kind === "committed" || result.kind === "found"
    ? done({ kind: "settled" })
    : refusedStep(result);
}
