/** Listing an agent's tasks: filters, and pages that go on where the last one ended. */
import { z } from "zod";
import { taskStates } from "../../protocol/task.ts";
import { checkTenant, type Desk } from "./desk.ts";
import { malformedError } from "./errors.ts";
import { TaskState, type ListTasksRequest, type ListTasksResponse } from "./sdk.ts";
import { toTheirTask } from "./snapshot.ts";
import { stateNames } from "./task-out.ts";

const usualPage = 50;

export async function list(desk: Desk, request: ListTasksRequest): Promise<ListTasksResponse> {
  const { forge, agent, window } = desk;
  checkTenant(desk, request.tenant);
  const {
    contextId,
    status,
    pageSize = usualPage,
    pageToken,
    historyLength = 0,
    statusTimestampAfter,
  } = request;
  const { rows, total } = await window.store.recent({
    tenant: forge.tenant,
    agent: agent.name,
    limit: pageSize + 1,
    ...(contextId !== "" && { context: contextId }),
    ...(status !== TaskState.TASK_STATE_UNSPECIFIED && {
      states: taskStates.filter((state) => stateNames[state] === status),
    }),
    ...(statusTimestampAfter !== undefined && { since: Date.parse(statusTimestampAfter) }),
    ...(pageToken !== "" && { after: readCursor(pageToken) }),
  });
  const page = rows.slice(0, pageSize);
  const last = rows.length > pageSize ? page.at(-1) : undefined;
  const view = { historyLength, artifacts: request.includeArtifacts === true };
  const tasks = page.map((row) => toTheirTask(window, { row: window.masked(row), below: [] }, view));
  return {
    tasks: await Promise.all(tasks),
    nextPageToken: last === undefined ? "" : writeCursor(last),
    pageSize,
    totalSize: total,
  };
}

interface Cursor {
  readonly updatedAt: number;
  readonly task: string;
}
const cursor = z.tuple([z.int().min(0), z.string().max(200)]);

function writeCursor({ updatedAt, task }: Cursor): string {
  return Buffer.from(JSON.stringify([updatedAt, task])).toString("base64url");
}

/** Throws RequestMalformedError. A forged one can only begin somewhere else in the caller's own list. */
function readCursor(token: string): Cursor {
  try {
    const [updatedAt, task] = cursor.parse(JSON.parse(Buffer.from(token, "base64url").toString()));
    return { updatedAt, task };
  } catch {
    throw malformedError("pageToken: is none that this server gave");
  }
}
