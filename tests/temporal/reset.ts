/** What `temporal workflow reset` does. */
import { randomUUID } from "node:crypto";
import proto from "@temporalio/proto";
import type { TestServer } from "./server.ts";

const { ResetWorkflowExecutionRequest } = proto.temporal.api.workflowservice.v1;

/** Back to the end of a run's first workflow task, where nothing has been performed; returns the new run. */
export async function resetRun(
  { client, namespace }: TestServer,
  task: string,
  run: string,
): Promise<string> {
  const asked = ResetWorkflowExecutionRequest.fromObject({
    namespace,
    workflowExecution: { workflowId: task, runId: run },
    workflowTaskFinishEventId: 4,
    requestId: randomUUID(),
  });
  const { runId } = await client.workflowService.resetWorkflowExecution(asked);
  return runId;
}
