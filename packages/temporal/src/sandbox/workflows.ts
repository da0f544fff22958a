/**
 * The workflow that runs a task: THE loop over Temporal's effects, under the task's id.
 *
 * Owns: the two signals, continuing as new, and how a run ends. It knows no messages, no results and no user code: what
 * is said and done stands in the log. A signal only wakes; the log is asked what for.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineSignal,
  log,
  proxyActivities,
  setHandler,
} from "@temporalio/workflow";
import { runAgent } from "omniforge/loop";
import { handSignal, wakeSignal, type AgentActivities, type TaskInput } from "./contract.ts";
import { taskEffects, type TaskEffects, type Wakes } from "./effects.ts";

/** Characters of JSON. Larger answers belong to the API: what is sent by hand stays in the history for good. */
const largestHandInput = 2_048;

const hand = proxyActivities<AgentActivities>({
  startToCloseTimeout: 60_000,
  heartbeatTimeout: 3_000,
  retry: { initialInterval: 200, backoffCoefficient: 2, maximumInterval: 30_000 },
});

/** Runs a task from the given turn on, until its log has its terminal entry. */
export async function agentTask(input: TaskInput): Promise<void> {
  const wakes: Wakes = { count: 0 };
  setHandler(defineSignal(wakeSignal), () => {
    wakes.count++;
  });
  setHandler(defineSignal<[unknown]>(handSignal), async (given) => {
    // Shielded: whether an answer counts is the log's to say, also while the task is being cancelled.
    await CancellationScope.nonCancellable(() => acceptByHand(input.tenant, given));
    wakes.count++;
  });

  const fx = taskEffects(input, wakes);
  const outcome = await run(fx, input);
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  if (CancellationScope.current().consideredCancelled) {
    // The run that continues this one would not hear of it.
    if (outcome.kind === "yield") await fx.finish(outcome.turn, { kind: "canceled" });
    throw new CancelledFailure("the task was cancelled");
  }
  if (outcome.kind === "ended" || fx.suspended() === "ended") return;
  const { rerun: _before, ...same } = input;
  const { turn } = outcome;
  await continueAsNew<typeof agentTask>({
    ...same,
    turn,
    ...(fx.suspended() === "parked" && { rerun: true as const }),
  });
}

type RunOutcome = Awaited<ReturnType<typeof runAgent>>;

/** A step that can't be performed, here or elsewhere, ends the task with its code; it never ends as a stuck workflow. */
async function run(fx: TaskEffects, input: TaskInput): Promise<RunOutcome> {
  try {
    return await runAgent(fx, input);
  } catch (thrown) {
    if (!(thrown instanceof ActivityFailure)) throw thrown;
    const code = thrown.cause instanceof ApplicationFailure ? thrown.cause.type : undefined;
    await fx.finish(input.turn, { kind: "failed", code: code ?? "INTERNAL" });
    return { kind: "ended" };
  }
}

/** The log judges it; whatever is wrong with it is said in the worker's log and changes nothing. */
async function acceptByHand(tenant: string, given: unknown): Promise<void> {
  const size = (JSON.stringify(given) ?? "").length;
  if (size === 0 || size > largestHandInput) {
    log.warn("an input sent by hand was refused", {
      signal: handSignal,
      characters: size,
      limit: largestHandInput,
    });
    return;
  }
  try {
    const { refused } = await hand.accept({ tenant, input: given });
    if (refused !== undefined)
      log.warn("an input sent by hand was refused", { signal: handSignal, code: refused });
  } catch (thrown) {
    if (!(thrown instanceof ActivityFailure)) throw thrown;
    log.warn("an input sent by hand could not be judged", { signal: handSignal });
  }
}
