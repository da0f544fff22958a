/**
 * The in-process interpreter of the inner seam: steps run here, in this process, under the task's fence.
 *
 * Owns: slots, waiting out short retries, and parking for everything longer. A parked task is a row, not a promise: it
 * suspends, and its turn is run again when it is woken or due.
 */
import { Cancelled, Suspended, type Effects } from "../loop/effects.ts";
import { maximumParallelCalls, type Call } from "../protocol/call.ts";
import { stepKey, type StepKey } from "../protocol/step-key.ts";
import { callModel } from "../steps/call-model.ts";
import { callTool } from "../steps/call-tool.ts";
import { compact } from "../steps/compact.ts";
import { finish } from "../steps/finish.ts";
import { abortedStep } from "../steps/model-attempt.ts";
import { openChild } from "../steps/open-child.ts";
import type { BlockWatch } from "./block-watch.ts";
import type { Lack } from "./lacking.ts";
import type { Room } from "../steps/room.ts";
import { settleInputs } from "../steps/settle-inputs.ts";
import type { Attempt, StepResult, StepWorld } from "../steps/step.ts";

export interface Park {
  /** What this process does not have, where that is all that the task waits for. */
  readonly lack?: Lack;
  readonly wakes: number;
  readonly nextAt?: number;
}

export interface InProcessRun {
  readonly world: StepWorld;
  readonly attempt: Attempt & { readonly fence: number };
  readonly room: Room;
  /** Steps that run alone, because their process has died under them before. */
  readonly suspects: ReadonlySet<StepKey>;
  /** Performs a step that runs alone, noted durably as the only one that can end this process. */
  readonly noted: <Value>(key: StepKey, step: () => Promise<Value>) => Promise<Value>;
  /** The wakes counted when the run began. */
  readonly wakes: number;
  readonly shouldYield: () => boolean;
  /** Knows which tools run, should the process stand still. */
  readonly watch: BlockWatch;
  /** Why the run suspends; not called when it is to run again at once. */
  readonly park: (park: Park) => void;
}

/** Retries due within this time are waited for in memory; later ones park. */
const waitInMemoryMs = 1_000;

/** When others may take a task that this process handed back for want of a tool. */
const handBackMs = 100;

/** A step that does not fit the log, though nobody else runs the task, is looked at again later, not at once. */
const faultDelayMs = 2_000;
const isFault = (why: string): boolean => why === "stale" || why === "missing";

type Performed<Value> =
  | { readonly kind: "done"; readonly value: Value }
  | { readonly kind: "canceled" }
  | { readonly kind: "suspended"; readonly at?: number; readonly lack?: Lack };

function lackOf({ code, lacks }: { readonly code: string; readonly lacks?: string }): {
  readonly lack?: Lack;
} {
  return lacks === undefined ? {} : { lack: { code, name: lacks } };
}

export function inProcessEffects(run: InProcessRun): Effects {
  const { world, attempt } = run;

  /** One step until it has an outcome, or is not worth waiting for in memory. */
  async function perform<Value>(
    key: StepKey,
    step: () => Promise<StepResult<Value>>,
  ): Promise<Performed<Value>> {
    for (;;) {
      // Asked again inside: what aborts just after it was let in must not start anything.
      const alone = run.suspects.has(key);
      const enter = (): Promise<StepResult<Value>> => {
        if (attempt.signal.aborted) return abortedStep(world, attempt);
        return alone ? run.noted(key, step) : step();
      };
      const admitted = await run.room.run(alone, attempt.signal, enter, attempt.tenant);
      const result = admitted ?? (await abortedStep(world, attempt));
      if (result.kind === "stopped")
        return { kind: "suspended", ...(isFault(result.why) && { at: world.now() + faultDelayMs }) };
      if (result.kind !== "retry") return result;
      if (result.at - world.now() > waitInMemoryMs || run.shouldYield())
        return { kind: "suspended", at: result.at, ...lackOf(result) };
      await sleepUntil(result.at);
    }
  }

  async function sleepUntil(at: number): Promise<void> {
    try {
      await world.sleep(Math.max(0, at - world.now()), attempt.signal);
    } catch (thrown) {
      // Aborted: the loop above asks the log why.
      if (!attempt.signal.aborted) throw thrown;
    }
  }

  function conclude<Value>(performed: Performed<Value>): Value {
    if (performed.kind === "done") return performed.value;
    if (performed.kind === "canceled") throw new Cancelled();
    const { at, lack } = performed;
    const wakes = run.wakes;
    // Soon, for whoever has what is lacking; this process remembers that it doesn't.
    if (lack !== undefined) run.park({ wakes, nextAt: world.now() + handBackMs, lack });
    else if (at !== undefined) run.park({ wakes, nextAt: at });
    throw new Suspended();
  }

  /** Every member comes to its end before the fan-out does: nothing of it runs on behind a suspended task. */
  async function fanOut(calls: readonly Call[]): Promise<readonly Performed<Call | "done">[]> {
    const results: Performed<Call | "done">[] = [];
    const queue = [...calls.entries()];
    const member = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [position, call] = next;
        results[position] = await perform(call.key, () =>
          call.runs === "agent"
            ? openChild(world, attempt, call)
            : run.watch.during(attempt, call, () => callTool(world, attempt, call)),
        );
      }
    };
    const lanes = Array.from({ length: Math.min(maximumParallelCalls, calls.length) }, member);
    // Not `all`: a lane whose store failed must not leave the others running behind a task that is given up.
    const failed = (await Promise.allSettled(lanes)).find((lane) => lane.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return results;
  }

  return {
    callModel: async (turn) =>
      conclude(await perform(stepKey(turn, "model", 0), () => callModel(world, attempt, turn))),

    async callTools(_turn, calls) {
      const results = await fanOut(calls);
      if (results.some((one) => one.kind === "canceled")) throw new Cancelled();
      const suspended = results.filter((one) => one.kind === "suspended");
      if (suspended.length > 0) {
        const due = suspended.flatMap(({ at }) => at ?? []);
        // What else waits here, for its next attempt, needs this process.
        const lack = suspended.every((one) => one.lack !== undefined) ? suspended[0]?.lack : undefined;
        const at = due.length > 0 && { at: Math.min(...due) };
        return conclude({ kind: "suspended", ...at, ...(lack && { lack }) });
      }
      return results.flatMap((one) => (one.kind === "done" && one.value !== "done" ? [one.value] : []));
    },

    async awaitInputs(turn, calls) {
      const { ready, waiting, nextAt, wakes } = conclude(
        await perform(stepKey(turn, "ask", 0), () => settleInputs(world, attempt, calls)),
      );
      if (waiting.length === 0) return ready;
      run.park({ wakes, ...(nextAt !== undefined && { nextAt }) });
      throw new Suspended();
    },

    compact: async (turn) =>
      conclude(await perform(stepKey(turn, "compact", 0), () => compact(world, attempt, turn))),

    async finish(turn, ending) {
      const shielded = { ...attempt, signal: new AbortController().signal };
      const result = await finish(world, shielded, turn, ending);
      if (result.kind !== "done") throw new Suspended();
      return result.value;
    },

    shouldYield: run.shouldYield,
  };
}
