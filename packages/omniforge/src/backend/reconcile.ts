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
/** Of those, how many at once. */
const width = 16;

/** Hears what went wrong with one task; the sweep goes on with the next. */
type OnError = (error: unknown) => void;

/**
 * One sweep over unfinished tasks that nobody has written to for `quietMs`: as many as one sweep looks at, after the task
 * that the sweep before ended with. Returns where the next one goes on; nothing: from the beginning.
 *
 * Throws ENGINE_UNREACHABLE and ENGINE_ELSEWHERE; whatever else goes wrong with a task goes to `onError`.
 */
export async function reconcile(
  world: StepWorld,
  backend: Backend,
  quietMs: number,
  onError: OnError,
  after?: TaskRow,
): Promise<TaskRow | undefined> {
  const { executions } = world.store;
  await sweepOrphans(world, backend, onError);
  const unwoken = await executions.unwoken(backend.name, world.now(), sweepLimit);
  await each(unwoken, onError, (reference) => backend.wake(reference));
  await forgetErased(world, backend, onError);
  await each(await closedOutside(world, backend, onError), onError, (row) =>
    reconcileTask(world, backend, row),
  );
  // In turns: those that wait for people may be many and stay for weeks, and must not hide those behind them.
  const quiet = await executions.unfinished(backend.name, world.now() - quietMs, sweepLimit, after);
  await each(quiet, onError, (row) => reconcileTask(world, backend, row));
  return quiet.length < sweepLimit ? undefined : quiet.at(-1);
}

/** A list that can't be had hides nothing: what it would name is found in its turn. */
async function closedOutside(
  { store }: StepWorld,
  backend: Backend,
  onError: OnError,
): Promise<readonly TaskRow[]> {
  try {
    const named = (await backend.endedOutside?.()) ?? [];
    return named.length === 0 ? [] : await store.executions.open(backend.name, named);
  } catch (thrown) {
    if (isOfEngine(thrown)) throw thrown;
    onError(thrown);
    return [];
  }
}

/**
 * Has the engine delete what it keeps of erased tasks. One that was told is asked again at the next sweep, until it finds
 * nothing any more: what it looks its runs up in may be behind.
 */
export async function forgetErased(
  { store }: Pick<StepWorld, "store">,
  backend: Backend,
  onError: OnError,
): Promise<void> {
  const erased = await store.executions.toForget(backend.name, sweepLimit);
  await each(erased, onError, async (reference) => {
    if (await backend.forget(reference)) await store.executions.forgotten(reference);
  });
}

/** Cancels sub-agents that outlived their parent: it ended between their opening and its reaching them. */
export async function sweepOrphans(world: StepWorld, backend: Backend, onError: OnError): Promise<void> {
  const orphans = await world.store.executions.orphans(sweepLimit);
  await each(orphans, onError, (orphan) => cancelOrphan(world, backend, orphan));
}

/** Wrong with the engine, not with one task. */
export function isOfEngine(thrown: unknown): thrown is OmniForgeError {
  return OmniForgeError.is(thrown, "ENGINE_UNREACHABLE") || OmniForgeError.is(thrown, "ENGINE_ELSEWHERE");
}

/** One task's failure is no other's; a server that does not answer one of them answers none. */
async function each<Item>(
  items: readonly Item[],
  onError: OnError,
  perform: (item: Item) => Promise<void>,
): Promise<void> {
  const one = async (item: Item): Promise<void> => {
    try {
      await perform(item);
    } catch (thrown) {
      if (isOfEngine(thrown)) throw thrown;
      onError(thrown);
    }
  };
  for (let index = 0; index < items.length; index += width) {
    // All of them are over before the sweep is: nobody writes into a store that is closed behind it.
    const asked = items.slice(index, index + width).map(one);
    await Promise.allSettled(asked);
    await Promise.all(asked);
  }
}

/** Never started: start. Closed or gone without a terminal entry: somebody ended it from outside; say so. */
async function reconcileTask(world: StepWorld, backend: Backend, row: TaskRow): Promise<void> {
  const state = await backend.describe(row);
  if (state === "running") {
    if (row.cancelSeq !== null) await backend.cancel(row);
    return;
  }
  const { tenant, task } = row;
  // As it is now: it may have been taken over since it was listed.
  const begun = (await world.store.row(row))?.firstRun ?? null;
  if (state === "not-found" && begun === null) return backend.start(row);
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
