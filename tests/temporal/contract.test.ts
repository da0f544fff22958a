/** The contract that every backend keeps, played on a real server. */
import { randomUUID } from "node:crypto";
import { temporal as api } from "@temporalio/proto";
import { testBackend } from "omniforge/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { temporal } from "../../packages/temporal/src/index.ts";
import { silence } from "../../packages/temporal/src/life-signs.ts";
import { skipped, startServer, type TestServer } from "./server.ts";

const { ResetWorkflowExecutionRequest } = api.api.workflowservice.v1;
const run = randomUUID().slice(0, 4);

describe.skipIf(skipped !== "")(`the contract on Temporal${skipped}`, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  testBackend(
    "Temporal",
    async (world, { work, place }) => {
      const { address, namespace, client } = server;
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
          const workflowExecution = { workflowId: task, runId };
          const asked = {
            namespace,
            workflowExecution,
            workflowTaskFinishEventId: 4,
            requestId: randomUUID(),
          };
          await client.workflowService.resetWorkflowExecution(
            ResetWorkflowExecutionRequest.fromObject(asked),
          );
        },
      };
    },
    { describe, it, patienceMs: 30_000 },
  );
});
