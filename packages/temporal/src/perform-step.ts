/**
 * One activity attempt: a step under Temporal's signals, and what its result means to the server.
 *
 * Owns: the heartbeat, the abort signal, which results are thrown so that the server schedules the next attempt, and what
 * a failure may say in the history: a code, never a message, a cause or a stack. Does not own what a step does.
 */
import { ApplicationFailure, Context } from "@temporalio/activity";
import { ApplicationFailureCategory } from "@temporalio/common";
import { OmniForgeError, type ErrorCode } from "omniforge/protocol";
import type { Attempt, StepResult, StepWorld } from "omniforge/steps";
import { beat, endInGoodOrder } from "./deaths.ts";
import { showsLife } from "./life-signs.ts";
import type { Place } from "./options.ts";
import type { Outcome } from "./sandbox/contract.ts";

/** With a heartbeat timeout of 3 s: two may be late, and a cancel is heard within about a second. */
const heartbeatMs = 1_000;
/** Far above anything that a step returns; more would be refused by the server, and then tried again for ever. */
const largestResult = 256 * 1024;

export interface StepRunner {
  readonly world: StepWorld;
  readonly place: Place;
}

/** Performs a step of the workflow's task; returns its outcome, or throws what the server is to retry. */
export async function performStep<Value>(
  { world, place }: StepRunner,
  tenant: string,
  step: (attempt: Attempt) => Promise<StepResult<Value>>,
): Promise<Outcome<Value>> {
  const context = Context.current();
  const { workflowExecution, activityType } = context.info;
  if (workflowExecution === undefined) throw failure("INTERNAL", { final: true });
  if (!showsLife(world)) {
    endInGoodOrder(context);
    throw failure("CLOSED", { afterMs: 20, expected: true });
  }
  const attempt = { tenant, task: workflowExecution.workflowId, signal: context.cancellationSignal };
  // By a timer, not by progress: a model may be silent for minutes, and a cancel is heard only in a heartbeat's answer.
  const beating = setInterval(() => beat(world, context), heartbeatMs);
  try {
    return bounded(toOutcome(await step(attempt), context, world.now()));
  } catch (thrown) {
    if (showsLife(world)) endInGoodOrder(context);
    if (thrown instanceof ApplicationFailure) throw thrown;
    place.onError(new Error(`${activityType} of task ${attempt.task} failed`, { cause: thrown }));
    throw toFailure(thrown);
  } finally {
    clearInterval(beating);
  }
}

function toOutcome<Value>(result: StepResult<Value>, context: Context, now: number): Outcome<Value> {
  switch (result.kind) {
    case "done":
    case "canceled":
      return result;
    case "retry":
      throw failure(result.code, { afterMs: result.at - now, expected: true });
    case "stopped":
      if (result.why === "ended") return { kind: "ended" };
      if (result.why === "aborted" && context.cancellationDetails?.cancelRequested === true)
        return { kind: "canceled" };
      // Elsewhere or later this step goes on: this process stops, has another store, or looked while a turn began.
      throw failure(stoppedCodes[result.why], {
        afterMs: result.why === "missing" ? 5_000 : 1,
        expected: true,
      });
  }
}

const stoppedCodes = {
  aborted: "CLOSED",
  lost: "TASK_LOST",
  stale: "TASK_LOST",
  missing: "TASK_NOT_FOUND",
} as const satisfies Record<string, ErrorCode>;

/** A defect of this release may be mended by the next one: only what can't succeed anywhere is final. */
function toFailure(thrown: unknown): ApplicationFailure {
  if (!OmniForgeError.is(thrown)) return failure("INTERNAL", {});
  return failure(thrown.code, {
    final: !thrown.retryable && thrown.code !== "STORE_TOO_NEW" && thrown.code !== "INTERNAL",
  });
}

interface FailureOptions {
  readonly afterMs?: number;
  readonly final?: boolean;
  /** Part of the plan: no reason to alarm anybody. */
  readonly expected?: boolean;
}

function failure(
  code: string,
  { afterMs, final = false, expected = false }: FailureOptions,
): ApplicationFailure {
  const made = ApplicationFailure.create({
    type: code,
    message: code,
    nonRetryable: final,
    ...(afterMs !== undefined && { nextRetryDelay: Math.max(1, Math.ceil(afterMs)) }),
    ...(expected && { category: ApplicationFailureCategory.BENIGN }),
  });
  // A stack would carry the paths of this machine into the history.
  made.stack = "";
  return made;
}

function bounded<Value>(outcome: Outcome<Value>): Outcome<Value> {
  if (JSON.stringify(outcome).length > largestResult) throw failure("INTERNAL", { final: true });
  return outcome;
}
