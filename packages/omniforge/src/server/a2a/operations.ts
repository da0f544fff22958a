/**
 * Every operation by its name, as JSON in and JSON out: both bindings perform these, so that they cannot differ.
 *
 * Parameters are checked and the caller's role is looked at before anything is done.
 */
import type { Caller } from "../caller.ts";
import { authorize } from "./authorize.ts";
import { readParams } from "./params.ts";
import {
  CancelTaskRequest,
  GetTaskRequest,
  ListTasksRequest,
  SendMessageRequest,
  ServerCallContext,
  StreamResponse,
  SubscribeToTaskRequest,
  Task,
  type A2ARequestHandler,
} from "./sdk.ts";

export type Outcome =
  | { readonly result: unknown }
  | { readonly stream: AsyncGenerator<unknown, void, undefined> };

type Perform = (
  handler: A2ARequestHandler,
  params: Record<string, unknown>,
  context: ServerCallContext,
) => Promise<Outcome> | Outcome;

const noPush: Perform = async (handler, _params, context) => ({
  result: await handler.listTaskPushNotificationConfigs(
    { tenant: "", taskId: "", pageSize: 0, pageToken: "" },
    context,
  ),
});

const operations: Readonly<Record<string, Perform>> = {
  SendMessage: async (handler, params, context) => {
    const sent = await handler.sendMessage(SendMessageRequest.fromJSON(params), context);
    return { result: "messageId" in sent ? { message: sent } : { task: Task.toJSON(sent) } };
  },
  SendStreamingMessage: (handler, params, context) => ({
    stream: inJson(handler.sendMessageStream(SendMessageRequest.fromJSON(params), context)),
  }),
  GetTask: async (handler, params, context) => ({
    result: Task.toJSON(await handler.getTask(GetTaskRequest.fromJSON(params), context)),
  }),
  ListTasks: async (handler, params, context) => {
    const request = ListTasksRequest.fromJSON(params);
    const { tasks, ...page } = await handler.listTasks(request, context);
    // Specification 3.1.4: without artifacts there is no such member, with them there is one though it may be empty.
    const artifacts = request.includeArtifacts === true ? { artifacts: [] } : {};
    return {
      result: { tasks: tasks.map((task) => ({ ...artifacts, ...members(Task.toJSON(task)) })), ...page },
    };
  },
  CancelTask: async (handler, params, context) => ({
    result: Task.toJSON(await handler.cancelTask(CancelTaskRequest.fromJSON(params), context)),
  }),
  SubscribeToTask: (handler, params, context) => ({
    stream: inJson(handler.resubscribe(SubscribeToTaskRequest.fromJSON(params), context)),
  }),
  CreateTaskPushNotificationConfig: noPush,
  GetTaskPushNotificationConfig: noPush,
  ListTaskPushNotificationConfigs: noPush,
  DeleteTaskPushNotificationConfig: noPush,
  GetExtendedAgentCard: async (handler, _params, context) => ({
    result: await handler.getAuthenticatedExtendedAgentCard({ tenant: "" }, context),
  }),
};

export function isOperation(name: string): boolean {
  return Object.hasOwn(operations, name);
}

/** Performs one operation. Throws A2A's errors, and FORBIDDEN. */
export async function perform(
  name: string,
  given: unknown,
  caller: Caller,
  handler: A2ARequestHandler,
): Promise<Outcome> {
  const params = readParams(name, given);
  authorize(caller, name, params);
  const operation = operations[name];
  if (operation === undefined) throw new TypeError(`there is no operation ${name}`);
  return operation(handler, params, new ServerCallContext({ requestedVersion: "1.0" }));
}

async function* inJson(
  stream: AsyncGenerator<StreamResponse, void, undefined>,
): AsyncGenerator<unknown, void, undefined> {
  for await (const event of stream) yield StreamResponse.toJSON(event);
}

/** The codec's own word for its result is `unknown`. */
function members(task: unknown): object {
  return typeof task === "object" && task !== null ? task : {};
}
