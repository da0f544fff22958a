/** Temporal as the contract plays on it: each process of a scenario is a worker of its own on one test server. */
import { randomUUID } from "node:crypto";
import type { CreateEngine } from "omniforge/testing";
import { temporal } from "../../packages/temporal/src/index.ts";
import { silence } from "../../packages/temporal/src/life-signs.ts";
import { resetRun } from "./reset.ts";
import type { TestServer } from "./server.ts";

const run = randomUUID().slice(0, 4);

/** `server` is asked for when a scenario begins: it is started by then. */
export function engineOn(server: () => TestServer): CreateEngine {
  return async (world, { work, place }) => {
    const { address, namespace, client } = server();
    const taskQueue = `${run} ${place}`.replaceAll(/[^a-z0-9]+/gi, "-").slice(0, 60);
    const backend = await temporal({
      address,
      namespace,
      taskQueue,
      reconcile: { everyMs: 300, quietMs: 1_000 },
      // Time for what runs to end by itself; what is killed ends at once.
      worker: { shutdownGraceMs: 1_500 },
      // Steps of processes that were cut off fail as they should; what matters of it stands in the logs.
      onError: () => undefined,
    })(world, { work });
    return {
      backend,
      kill: async (fail) => {
        silence(world, true);
        fail(new Error("its process has died"));
        await backend.close();
      },
      pause: async () => silence(world, true),
      continue: async () => silence(world, false),
      terminate: async (task) => void (await client.workflow.getHandle(task).terminate()),
      reset: async (task) => {
        const { runId } = await client.workflow.getHandle(task).describe();
        await resetRun(server(), task, runId);
      },
    };
  };
}
