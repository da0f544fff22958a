/**
 * The outer seam on Temporal: a task is a workflow of the same id.
 *
 * Owns: recording the first run, starting what a wake does not find, and closing in the right order. Everything here may
 * be told twice; what is lost is told again by the reconciler.
 */
import type { Backend, BackendFactory } from "omniforge/backend";
import type { TaskReference } from "omniforge/protocol";
import type { StepWorld } from "omniforge/steps";
import { connectClient, type TemporalClient } from "./client.ts";
import { createHome, type Home } from "./home.ts";
import { createLookout } from "./lookout.ts";
import { placeOf, type Place, type TemporalOptions } from "./options.ts";
import { startReconciler } from "./reconciler.ts";
import { taskInput } from "./task-input.ts";

/**
 * Executes tasks on Temporal.
 *
 * Connects to the server that the options, or Temporal's own environment, name. With `work` this process performs steps
 * and reconciles; without, it is a client only. Throws ENGINE_UNREACHABLE when no server answers, and ENGINE_ELSEWHERE
 * when tasks of the log are under way in another namespace.
 *
 * @example
 * const backend = await temporal({ address: "localhost:7233" })(world, { work: true });
 */
export function temporal(options: TemporalOptions = {}): BackendFactory {
  return async (world, { work }) => {
    const place = placeOf(options);
    const client = await connectClient(place);
    try {
      const home = createHome(world, client, place);
      await home.settle(options);
      const backend = overClient(world, client, place, home);
      if (!work) return attended(backend, place);
      // Loaded only here: a client needs no worker, nor its native parts.
      const { startWorker } = await import("./worker.ts");
      const worker = await startWorker(world, options);
      const stopReconciling = startReconciler(world, backend, options.reconcile ?? {}, place.onError);
      return {
        ...backend,
        close: async () => {
          await stopReconciling();
          await worker.close();
          await client.close();
        },
      };
    } catch (thrown) {
      await client.close();
      throw thrown;
    }
  };
}

/** Where nobody else may be working, that is said. */
function attended(backend: Backend, { address, namespace, taskQueue, onError }: Place): Backend {
  const message =
    `nobody takes tasks from the queue ${taskQueue} (namespace ${namespace} at ${address}): start a worker ` +
    "(omniforge worker). What was submitted is kept, and begins when there is one.";
  const lookout = createLookout(
    () => backend.isAnyoneWorking(),
    () => onError(new Error(message)),
    onError,
  );
  return {
    ...backend,
    async start(reference) {
      await backend.start(reference);
      lookout.started();
    },
    async close() {
      await backend.close();
      lookout.stop();
    },
  };
}

function overClient(world: StepWorld, client: TemporalClient, place: Place, home: Home): Backend {
  async function start(reference: TaskReference): Promise<void> {
    const row = await world.store.row(reference);
    const input = row && (await taskInput(world, row, place));
    if (row === undefined || input === undefined) return;
    // Begun already, it runs somewhere: what another server does not know may be under way.
    await (row.firstRun === null ? home.check() : home.settle());
    const firstRun = await client.start(reference.task, input, row);
    if (firstRun !== undefined && row.firstRun === null)
      await world.store.executions.recordRun(reference, firstRun);
  }

  return {
    name: "temporal",
    start,
    wake: async (reference) => {
      if (!(await client.wake(reference.task))) await start(reference);
    },
    cancel: async (reference) => {
      // A task that has not started yet reads the cancel from its log.
      if (!(await client.cancel(reference.task))) await start(reference);
    },
    async describe(reference) {
      const state = await client.describe(reference.task);
      // A server that came back without its data, or another one at its address, does not know what goes on.
      if (state === "not-found") await home.settle();
      return state;
    },
    taskOfRun: (run) => client.taskOfRun(run),
    endedOutside: () => client.closedOutside(),
    isAnyoneWorking: () => client.isAnyoneWorking(),
    forget: async (reference) => {
      const row = await world.store.row(reference);
      return client.forget(reference.task, [row?.firstRun, row?.currentRun]);
    },
    close: () => client.close(),
  };
}
