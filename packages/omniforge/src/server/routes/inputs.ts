/** What waits for people: one inbox, answering, and saying something unasked. */
import { z } from "zod";
import { firstMessageId } from "../../agents/conversation.ts";
import type { OmniForge } from "../../create-omniforge.ts";
import { OmniForgeError } from "../../protocol/error.ts";
import { answer } from "../../protocol/input.ts";
import { wellFormedText } from "../../protocol/json.ts";
import type { Message } from "../../protocol/message.ts";
import type { Task } from "../../protocol/task.ts";
import { say } from "../../say.ts";
import type { Caller } from "../caller.ts";
import { readCursor, writeCursor } from "../cursor.ts";
import { expectedSeq } from "../etag.ts";
import { agentTaskParams, conditional, idempotent, pageQuery, taskParams } from "../fields.ts";
import { route, type Route } from "../route.ts";
import { named, page } from "../shapes.ts";
import { actorOf, messageIn, toMessage } from "../submit.ts";
import { inboxPage, mayAnswer, mostTasks, waiting } from "../view/inbox.ts";
import { taskOf } from "./tasks.ts";

const accepted = named(
  "Accepted",
  z.object({
    task: z.string(),
    seq: z.int().describe("The entry that records it."),
    as: z.enum(["message", "answer"]),
    id: z.string().describe("The message's id, or the request's that it answers."),
  }),
);
type Accepted = z.infer<typeof accepted>;

/** Says it in the name of whoever calls. The same id with other words is another message, and is refused. */
export async function sayTo(
  forge: OmniForge,
  caller: Caller,
  task: Task,
  message: Message,
  id: string,
  ifMatch?: string,
): Promise<Accepted> {
  try {
    const said = await say(forge, task, message, {
      id,
      actor: actorOf(caller),
      ...expectedSeq(ifMatch, task),
    });
    return { task: task.task, ...said };
  } catch (thrown) {
    if (!OmniForgeError.is(thrown, "TASK_CONFLICT")) throw thrown;
    const why = `something else was said to task ${task.task} with this Idempotency-Key`;
    throw new OmniForgeError("IDEMPOTENCY_MISMATCH", why, { cause: thrown });
  }
}

const words = z.strictObject({ message: messageIn });
const plainWords = wellFormedText.min(1).transform((message) => ({ message }));

const changing = idempotent.extend(conditional.shape);

const sayFacts = {
  method: "post",
  summary: "Say something to a task.",
  description:
    "It answers the task's one open question; otherwise the next turn takes it. 409 once the task has ended.",
  tag: "inputs",
  role: "operator",
  headers: changing,
  body: {
    content: { "application/json": words, "text/plain": plainWords },
    maximumBytes: 8 * 1024 * 1024,
  },
  answers: { 202: { description: "Recorded.", content: { "application/json": accepted } } },
  problems: [
    "TASK_NOT_FOUND",
    "TASK_ENDED",
    "IDEMPOTENCY_MISMATCH",
    "ALREADY_ANSWERED",
    "DEADLINE_PASSED",
    "PRECONDITION_FAILED",
  ],
} as const;

/** What a task began with has one of these ids; a key that is the same word names another message. */
const beginnings = new Set(["first", firstMessageId]);

export function messageIdOf(key: string | undefined): string {
  if (key === undefined) return `message_${crypto.randomUUID()}`;
  return beginnings.has(key) ? `message_${key}` : key;
}

export const inputRoutes: readonly Route[] = [
  route(
    {
      method: "get",
      path: "/api/v1/inputs",
      operation: "listInputs",
      summary: "Everything that waits for a person, sub-agents' included; the newest tasks first.",
      description: [
        "A task's requests stand on one page, which may so have a few more than `limit`. A page looks at",
        `${mostTasks} waiting tasks at most, conversations that wait to be talked to included: it may have fewer than \`limit\`,`,
        "or none, and a `next` all the same.",
      ].join(" "),
      tag: "inputs",
      role: "viewer",
      query: pageQuery.extend({
        agent: wellFormedText.max(200).optional(),
        root: wellFormedText.max(400).optional().describe("Of this task and all below it."),
      }),
      answers: { 200: { description: "One page.", content: { "application/json": page(waiting) } } },
    },
    async ({ query, forge, context }) => {
      const { limit, cursor, agent, root } = query;
      const wanted = { ...(agent !== undefined && { agent }), ...(root !== undefined && { root }) };
      const after = cursor === undefined ? undefined : readCursor(cursor);
      const { items, next } = await inboxPage(forge, wanted, limit, after);
      return context.json({ items, ...(next && { next: writeCursor(next) }) });
    },
  ),
  route(
    {
      method: "post",
      path: "/api/v1/tasks/{task}/inputs/{input}",
      operation: "answerInput",
      summary: "Answer what a task asks.",
      description: [
        "`approve`, with other arguments where they are edited; `reject`, with a reason; `answer`, with a value that fits the",
        "request's schema. The first answer counts: a second gets 409 with the first.",
      ].join(" "),
      tag: "inputs",
      role: mayAnswer,
      params: taskParams.extend({ input: wellFormedText.min(1).max(400) }),
      headers: changing,
      body: { content: { "application/json": answer } },
      answers: { 200: { description: "It is the answer.", content: { "application/json": accepted } } },
      problems: [
        "TASK_NOT_FOUND",
        "INPUT_NOT_FOUND",
        "ALREADY_ANSWERED",
        "TASK_CONFLICT",
        "DEADLINE_PASSED",
        "TASK_ENDED",
        "PRECONDITION_FAILED",
      ],
    },
    async ({ params, headers, body, forge, caller, context }) => {
      const { task, input } = params;
      const { "idempotency-key": message, "if-match": ifMatch } = headers;
      const { entry } = await forge.accept(task, {
        kind: "answer",
        request: input,
        answer: body,
        actor: actorOf(caller),
        ...(message !== undefined && { message }),
        ...(ifMatch !== undefined && expectedSeq(ifMatch, await forge.get(task))),
      });
      return context.json({ task, seq: entry.seq, as: "answer", id: input } satisfies Accepted);
    },
  ),
  route(
    { ...sayFacts, path: "/api/v1/tasks/{task}/messages", operation: "sayToTask", params: taskParams },
    async ({ params, headers, body, forge, caller, context }) => {
      const id = messageIdOf(headers["idempotency-key"]);
      const task = await taskOf(forge, params.task);
      return context.json(
        await sayTo(forge, caller, task, toMessage(body.message), id, headers["if-match"]),
        202,
      );
    },
  ),
  route(
    {
      ...sayFacts,
      path: "/api/v1/agents/{agent}/tasks/{task}/send",
      operation: "sayToAgentTask",
      params: agentTaskParams,
    },
    async ({ params, headers, body, forge, caller, context }) => {
      const id = messageIdOf(headers["idempotency-key"]);
      const task = await taskOf(forge, params.task, params.agent);
      return context.json(
        await sayTo(forge, caller, task, toMessage(body.message), id, headers["if-match"]),
        202,
      );
    },
  ),
];
