/**
 * Reconciling the log with the engine (P5, P2): whatever was lost between the two is told again.
 *
 * Invariants: engines are asked by task id; "not found" means nothing for an ended task; every action here may be
 * repeated.
 */
import { OmniForgeError } from "../protocol/error.ts";
import type { TaskReference } from "../protocol/task.ts";
import { accept } from "../steps/accept.ts";
import { finish } from "../steps/finish.ts";
import type { StepWorld } from "../steps/step.ts";
import type { TaskRow } from "../store/task-store.ts";
import type { Backend } from "./backend.ts";

/** Tasks looked at in one sweep. */
const sweepLimit = 500;

/** One sweep over unfinished tasks that nobody has written to for `quietMs`. */
export async function reconcile(world: StepWorld, backend: Backend, quietMs: number): Promise<void> {
  await sweepOrphans(world, backend);
  for (const reference of await world.store.executions.unwoken(backend.name, world.now(), sweepLimit))
    await backend.wake(reference);
  const quiet = await world.store.executions.unfinished(backend.name, world.now() - quietMs, sweepLimit);
  for (const row of quiet) await reconcileTask(world, backend, row);
}

/** Cancels sub-agents that outlived their parent: it ended between their opening and its reaching them. */
export async function sweepOrphans(world: StepWorld, backend: Backend): Promise<void> {
  for (const orphan of await world.store.executions.orphans(sweepLimit))
    await cancelOrphan(world, backend, orphan);
}

/** Never started: start. Closed or gone without a terminal entry: somebody ended it from outside; say so. */
export async function reconcileTask(world: StepWorld, backend: Backend, row: TaskRow): Promise<void> {
  const state = await backend.describe(row);
  if (state === "running") {
    if (row.cancelSeq !== null) await backend.cancel(row);
    return;
  }
  if (state === "not-found" && row.firstRun === null) return backend.start(row);
  const { tenant, task } = row;
  await finish(world, { tenant, task, signal: new AbortController().signal }, row.turn, {
    kind: "failed",
    code: "ENGINE_CLOSED",
  });
}

/** A task whose parent has ended is cancelled: nobody will collect it. */
async function cancelOrphan(world: StepWorld, backend: Backend, orphan: TaskReference): Promise<void> {
  try {
    await accept(world, orphan, { kind: "cancel", id: "parent", reason: "its parent has ended" });
  } catch (thrown) {
    if (!OmniForgeError.is(thrown, "TASK_ENDED")) throw thrown;
  }
  await backend.cancel(orphan);
}
