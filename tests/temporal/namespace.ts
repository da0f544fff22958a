/** A namespace of its own on a test server, for tasks whose ids are not unique and for programs that choose no queue. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import proto from "@temporalio/proto";
import type { TestServer } from "./server.ts";

const { RegisterNamespaceRequest } = proto.temporal.api.workflowservice.v1;
const oneDay = 24 * 60 * 60;
const patienceMs = 30_000;

/** Where tasks are started. */
export interface Place {
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  /** Of PostgreSQL, where the tasks are kept there. */
  readonly database?: string;
  /** Where live events pass between processes. */
  readonly redis?: string;
}

/** A fresh namespace on this server, and a queue in it. */
export async function createPlace({ client, address }: TestServer): Promise<Place> {
  const namespace = `test-${randomUUID().slice(0, 8)}`;
  const taskQueue = "test";
  const { workflowService } = client;
  const retention = { seconds: oneDay };
  await workflowService.registerNamespace(
    RegisterNamespaceRequest.fromObject({ namespace, workflowExecutionRetentionPeriod: retention }),
  );
  // Registered is not yet known everywhere in the server.
  for (const end = Date.now() + patienceMs; ; await sleep(100)) {
    try {
      await workflowService.countWorkflowExecutions({ namespace });
      await workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue } });
      return { address, namespace, taskQueue };
    } catch (thrown) {
      if (Date.now() > end) throw thrown;
    }
  }
}
