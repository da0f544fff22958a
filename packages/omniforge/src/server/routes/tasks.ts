/** Tasks: creating them, listing them, one of them, its cancel and its end. */
import { z } from "zod";
import type { OmniForge } from "../../create-omniforge.ts";
import { OmniForgeError } from "../../protocol/error.ts";
import { wellFormedText } from "../../protocol/json.ts";
import type { Task } from "../../protocol/task.ts";
import type { ServerContext } from "../env.ts";
import { readCursor, writeCursor } from "../cursor.ts";
import { checkTag, expectedSeq, isFresh, taskTag } from "../etag.ts";
import {
  agentParams,
  agentTaskParams,
  cached,
  conditional,
  idempotent,
  moment,
  pageQuery,
  states,
  taskParams,
} from "../fields.ts";
import { jsonAnswer } from "../json-answer.ts";
import { route, type Route } from "../route.ts";
import { page, task as taskShape, taskDetail as detailShape } from "../shapes.ts";
import { streamedWork } from "../sse/respond.ts";
import { actorOf, limitsIn, messageIn, submitOrder, toMessage } from "../submit.ts";
import { taskDetail } from "../view/task-detail.ts";
import { agentNamed } from "./agents.ts";

const filters = pageQuery.extend({
  state: states.optional(),
  parent: wellFormedText.max(400).optional().describe("Sub-agents' tasks of this one."),
  root: wellFormedText.max(400).optional().describe("This task and all below it."),
  skill: wellFormedText.max(200).optional().describe("Tasks whose agent has this skill."),
  createdFrom: moment.optional().describe("Created at this time or later."),
  createdBefore: moment.optional().describe("Created earlier than this."),
});

async function listTasks(
  forge: OmniForge,
  context: ServerContext,
  { limit, cursor, state, ...rest }: z.infer<typeof filters>,
  agent: string | undefined,
): Promise<Response> {
  // One more than asked for tells whether there is another page.
  const found = await forge.list({
    ...given(rest),
    limit: limit + 1,
    ...(agent !== undefined && { agent }),
    ...(state !== undefined && { states: state }),
    ...(cursor !== undefined && { before: readCursor(cursor) }),
  });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return context.json({ items, ...(found.length > limit && last && { next: writeCursor(last) }) });
}

/** Those of an agent that is not registered (any more) are told, too. Throws AGENT_NOT_FOUND where there are none. */
async function listAgentTasks(
  forge: OmniForge,
  context: ServerContext,
  query: z.infer<typeof filters>,
  agent: string,
): Promise<Response> {
  if (!forge.agents.has(agent) && (await forge.list({ agent, limit: 1 })).length === 0)
    agentNamed(forge, agent);
  return listTasks(forge, context, query, agent);
}

/** Without what was not given. */
function given<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

async function showTask(
  forge: OmniForge,
  context: ServerContext,
  name: string,
  agent?: string,
): Promise<Response> {
  const found = await taskOf(forge, name, agent);
  const etag = taskTag(found);
  if (isFresh(context.req.header("if-none-match"), etag))
    return new Response(null, { status: 304, headers: { etag } });
  return jsonAnswer(await taskDetail(forge, found), 200, { etag });
}

/** Throws TASK_NOT_FOUND, also for a task of another agent. */
export async function taskOf(forge: OmniForge, name: string, agent?: string): Promise<Task> {
  const found = await forge.get(name);
  if (agent !== undefined && found.agent !== agent)
    throw new OmniForgeError("TASK_NOT_FOUND", `agent ${agent} has no task ${name}`);
  return found;
}

const listAnswers = {
  200: { description: "One page, the newest first.", content: { "application/json": page(taskShape) } },
};
const detailAnswers = {
  200: {
    description: "The task.",
    content: { "application/json": detailShape },
    headers: { ETag: "Of the task as it is now." },
  },
  304: { description: "The task is as it was at If-None-Match." },
};

const order = z.strictObject({
  message: messageIn,
  limits: limitsIn.optional(),
  context: wellFormedText.min(1).max(200).optional().describe("The conversation that the task belongs to."),
});

const cancelHeaders = idempotent.extend(conditional.shape);
const cancelOrder = z.strictObject({ reason: wellFormedText.max(1_000).optional() });

async function cancelTask(
  {
    forge,
    context,
    caller,
  }: { forge: OmniForge; context: ServerContext; caller: ServerContext["var"]["caller"] },
  name: string,
  { reason }: z.infer<typeof cancelOrder>,
  { "idempotency-key": key, "if-match": ifMatch }: z.infer<typeof cancelHeaders>,
): Promise<Response> {
  const id = key === undefined ? `cancel_${crypto.randomUUID()}` : `cancel_${key}`;
  const before = await forge.get(name);
  await forge.accept(name, {
    kind: "cancel",
    id,
    actor: actorOf(caller),
    ...(reason !== undefined && { reason }),
    ...expectedSeq(ifMatch, before),
  });
  return context.json(await forge.get(name), 202);
}

const cancelFacts = {
  method: "post",
  summary: "Cancel a task and its sub-agents.",
  description: "Running calls of models and tools are aborted; the task ends once they have let go.",
  tag: "tasks",
  role: "operator",
  headers: cancelHeaders,
  body: { content: { "application/json": cancelOrder }, optional: {} },
  answers: { 202: { description: "Accepted.", content: { "application/json": taskShape } } },
  problems: ["TASK_NOT_FOUND", "TASK_ENDED", "TASK_CONFLICT", "PRECONDITION_FAILED"],
} as const;

export const taskRoutes: readonly Route[] = [
  route(
    {
      method: "post",
      path: "/api/v1/agents/{agent}/tasks",
      operation: "submitTask",
      summary: "Give an agent a task.",
      description:
        "The task is recorded before the answer comes. With `Accept: text/event-stream` its events are the answer.",
      tag: "tasks",
      role: "developer",
      params: agentParams,
      headers: idempotent,
      body: {
        content: {
          "application/json": order,
          "text/plain": wellFormedText
            .min(1)
            .transform((message) => ({ message, limits: undefined, context: undefined })),
        },
        maximumBytes: 8 * 1024 * 1024,
      },
      answers: {
        201: {
          description: "The task, or its events.",
          content: { "application/json": taskShape, "text/event-stream": z.string() },
          headers: { Location: "Where the task is." },
        },
      },
      problems: ["AGENT_NOT_FOUND", "IDEMPOTENCY_MISMATCH", "MODEL_NOT_FOUND", "PRICE_UNKNOWN"],
    },
    async ({ params, headers, body, forge, caller, context }) => {
      const agent = agentNamed(forge, params.agent);
      const submit = (): Promise<Task> =>
        submitOrder(forge, caller, agent, {
          message: toMessage(body.message),
          limits: body.limits,
          context: body.context,
          idempotencyKey: headers["idempotency-key"],
        });
      const located = ({ task }: Task): { location: string } => ({
        location: `/api/v1/tasks/${encodeURIComponent(task)}`,
      });
      if (!wantsStream(context)) {
        const made = await submit();
        return jsonAnswer(made, 201, located(made));
      }
      return streamedWork(context, async () => {
        const made = await submit();
        const followed = { task: made.task, after: new Map<string, number>() };
        return { followed, status: 201, headers: located(made) };
      });
    },
  ),
  route(
    {
      method: "get",
      path: "/api/v1/agents/{agent}/tasks",
      operation: "listAgentTasks",
      summary: "An agent's tasks, the newest first.",
      description:
        "Sub-agents, and agents that this server does not have any more, are known by their tasks: 404 without any.",
      tag: "tasks",
      role: "viewer",
      params: agentParams,
      query: filters,
      answers: listAnswers,
      problems: ["AGENT_NOT_FOUND"],
    },
    ({ params, query, forge, context }) => listAgentTasks(forge, context, query, params.agent),
  ),
  route(
    {
      method: "get",
      path: "/api/v1/tasks",
      operation: "listTasks",
      summary: "Tasks, the newest first.",
      tag: "tasks",
      role: "viewer",
      query: filters.extend({ agent: wellFormedText.max(200).optional() }),
      answers: listAnswers,
    },
    ({ query: { agent, ...rest }, forge, context }) => listTasks(forge, context, rest, agent),
  ),
  route(
    {
      method: "get",
      path: "/api/v1/agents/{agent}/tasks/{task}",
      operation: "getAgentTask",
      summary: "A task of this agent.",
      tag: "tasks",
      role: "viewer",
      params: agentTaskParams,
      headers: cached,
      answers: detailAnswers,
      problems: ["TASK_NOT_FOUND"],
    },
    ({ params, forge, context }) => showTask(forge, context, params.task, params.agent),
  ),
  route(
    {
      method: "get",
      path: "/api/v1/tasks/{task}",
      operation: "getTask",
      summary: "A task with what was said in it, what it made, what it used and what it waits for.",
      tag: "tasks",
      role: "viewer",
      params: taskParams,
      headers: cached,
      answers: detailAnswers,
      problems: ["TASK_NOT_FOUND"],
    },
    ({ params, forge, context }) => showTask(forge, context, params.task),
  ),
  route(
    { ...cancelFacts, path: "/api/v1/tasks/{task}/cancel", operation: "cancelTask", params: taskParams },
    (request) => cancelTask(request, request.params.task, request.body, request.headers),
  ),
  route(
    {
      ...cancelFacts,
      path: "/api/v1/agents/{agent}/tasks/{task}/cancel",
      operation: "cancelAgentTask",
      params: agentTaskParams,
    },
    async (request) => {
      const { task, agent } = request.params;
      await taskOf(request.forge, task, agent);
      return cancelTask(request, task, request.body, request.headers);
    },
  ),
  route(
    {
      method: "delete",
      path: "/api/v1/tasks/{task}",
      operation: "eraseTask",
      summary: "Delete what was said and done in a task that has ended, and in its sub-agents.",
      tag: "tasks",
      role: "admin",
      params: taskParams,
      headers: conditional,
      answers: { 204: { description: "It is gone; that there was a task remains." } },
      problems: ["TASK_NOT_FOUND", "TASK_NOT_ENDED", "PRECONDITION_FAILED"],
    },
    async ({ params, headers, forge }) => {
      const task = await forge.get(params.task);
      // What is erased stays so: the same request, sent again, finds it done.
      if (headers["if-match"] !== undefined && !task.erased) checkTag(headers["if-match"], task);
      await forge.erase(params.task);
      return new Response(null, { status: 204 });
    },
  ),
];

/** Whether the client would rather have events than a value. */
export function wantsStream(context: ServerContext): boolean {
  return (context.req.header("accept") ?? "").toLowerCase().includes("text/event-stream");
}
