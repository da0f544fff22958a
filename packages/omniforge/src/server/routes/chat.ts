/**
 * Talking with an agent, one message after another: what is said goes in as text, and its answer comes out as text or as
 * events. A conversation is one task that waits between messages.
 *
 * Who goes away before the answer has come has said it all the same: the answer is in the conversation's log.
 */
import { z } from "zod";
import { conversational, firstMessageId, isListening } from "../../agents/conversation.ts";
import type { Agent } from "../../agents/define-agent.ts";
import type { OmniForge } from "../../create-omniforge.ts";
import type { Entry } from "../../protocol/entry.ts";
import { OmniForgeError } from "../../protocol/error.ts";
import { inputRequest } from "../../protocol/input.ts";
import { wellFormedText } from "../../protocol/json.ts";
import { textOf } from "../../protocol/message.ts";
import { isTerminal } from "../../protocol/task.ts";
import type { Caller } from "../caller.ts";
import type { ServerContext } from "../env.ts";
import { agentParams, idempotent, whole } from "../fields.ts";
import { jsonAnswer } from "../json-answer.ts";
import { route, type Route } from "../route.ts";
import { failure, named, taskState } from "../shapes.ts";
import { held } from "../sse/place.ts";
import { streamedWork, type Streamed } from "../sse/respond.ts";
import { limitsIn, messageIn, submitOrder, toMessage, type MessageIn } from "../submit.ts";
import { agentNamed, defaultAgent } from "./agents.ts";
import { messageIdOf, sayTo } from "./inputs.ts";
import { taskOf, wantsStream } from "./tasks.ts";

const conversationId = wellFormedText.min(1).max(400).optional();

const chatBody = z.strictObject({
  message: messageIn,
  conversation_id: conversationId,
  limits: limitsIn.optional().describe("Of a conversation that begins with this."),
});

const chatAnswer = named(
  "ChatAnswer",
  z.object({
    conversation_id: z.string().describe("To go on with: it is also the task's id."),
    text: z.string().describe("What the agent has answered."),
    state: taskState,
    pending: z.array(inputRequest).describe("What a person must decide before it goes on."),
    error: failure.optional(),
  }),
);
type ChatAnswer = z.infer<typeof chatAnswer>;

/** Where in a conversation something was said. */
interface Turn {
  readonly task: string;
  /** The entry that recorded what was said, and the id that the reply to it names; none: it answered a question. */
  readonly seq: number;
  readonly message: string | undefined;
}

async function converse(
  context: ServerContext,
  agent: Agent,
  { message: given, limits }: z.infer<typeof chatBody>,
  conversation: string | undefined,
  key: string | undefined,
): Promise<Turn> {
  const { forge, caller } = context.var;
  const message = toMessage(given);
  if (conversation !== undefined && limits !== undefined)
    throw new OmniForgeError("INVALID_INPUT", "limits: a conversation gets them when it begins");
  if (conversation !== undefined) return goOnWith(forge, caller, agent, conversation, given, key);
  const made = await submitOrder(forge, caller, conversational(agent, forge.model), {
    message,
    limits,
    messageId: firstMessageId,
    idempotencyKey: key,
  });
  return { task: made.task, seq: 1, message: firstMessageId };
}

async function goOnWith(
  forge: OmniForge,
  caller: Caller,
  agent: Agent,
  conversation: string,
  given: MessageIn,
  key: string | undefined,
): Promise<Turn> {
  const task = await taskOf(forge, conversation, agent.name);
  const [, first] = await forge.log(task.task, 0, 2);
  if (first?.kind !== "message" || first.body.id !== firstMessageId)
    throw new OmniForgeError("TASK_NOT_FOUND", `task ${conversation} is no conversation`);
  const said = await sayTo(forge, caller, task, toMessage(given), messageIdOf(key));
  return { task: task.task, seq: said.seq, message: said.as === "message" ? said.id : undefined };
}

/** Whether this entry ends the answer: the conversation listens again, asks a person, or is over. */
function answerEnd(message: string | undefined): (entry: Entry) => "goes on" | "listens" | "asks" | "ended" {
  // What answers a question is taken with the answer.
  let taken = message === undefined;
  return (entry) => {
    if (entry.kind === "ended") return "ended";
    if (entry.kind === "reply" && message !== undefined && entry.body.took.includes(message)) taken = true;
    if (entry.kind !== "request") return "goes on";
    if (!isListening(entry.body)) return "asks";
    return taken ? "listens" : "goes on";
  };
}

/** What there is of an answer. `isWhole`: the agent listens again, or the conversation ended once it had heard what was said. */
interface Heard {
  readonly answer: ChatAnswer;
  readonly isWhole: boolean;
}

/** Waits for the answer: so long at most, no longer than the client does, and until the server stops or the key ends. */
function waitFor(context: ServerContext, turn: Turn, waitMs: number): Promise<Heard> {
  const { forge, streams, caller, keyEnds } = context.var;
  const left = new AbortController();
  const leave = (): void => left.abort();
  const signal = AbortSignal.any([context.req.raw.signal, left.signal, AbortSignal.timeout(waitMs)]);
  return held({ streams, caller, keyEnds }, leave, () => answerTo(forge, turn, signal));
}

/** The answer, or what there is of it once the signal aborts. */
async function answerTo(forge: OmniForge, turn: Turn, signal: AbortSignal): Promise<Heard> {
  const { task, seq, message } = turn;
  const texts: string[] = [];
  const judge = answerEnd(message);
  let heard = false;
  let isWhole = false;
  for await (const event of forge.follow(task, { after: seq, signal })) {
    if (event.type !== "entry") continue;
    const { entry } = event;
    if (entry.kind === "reply") {
      heard ||= message === undefined || entry.body.took.includes(message);
      const text = textOf(entry.body.parts);
      if (heard && text !== "") texts.push(text);
    }
    const end = judge(entry);
    if (end === "asks" && !(await isOpen(forge, task, entry))) continue;
    isWhole = end === "listens" || (end === "ended" && heard);
    if (end !== "goes on") break;
  }
  const { state, pending, error } = await forge.get(task);
  const answer = {
    conversation_id: task,
    text: texts.join("\n\n"),
    state,
    pending: pending.filter((one) => !isListening(one)),
    ...(error && { error }),
  };
  return { answer, isWhole };
}

/** A log is followed from its past: what was asked there may have been answered. */
async function isOpen(forge: OmniForge, task: string, entry: Entry): Promise<boolean> {
  const { pending, state } = await forge.get(task);
  return isTerminal(state) || (entry.kind === "request" && pending.some(({ id }) => id === entry.body.id));
}

function turnHeaders({ task }: Turn): Record<string, string> {
  return { "conversation-id": task, location: `/api/v1/tasks/${encodeURIComponent(task)}` };
}

/** The events from what was said until the agent listens again. */
function streamedTurn(turn: Turn): Streamed {
  const judge = answerEnd(turn.message);
  const until = (entry: Entry): boolean => {
    const end = judge(entry);
    return end === "listens" || end === "ended";
  };
  const followed = { task: turn.task, after: new Map([[turn.task, turn.seq]]), until };
  return { followed, status: 200, headers: turnHeaders(turn) };
}

async function chat(
  context: ServerContext,
  agent: Agent,
  body: z.infer<typeof chatBody>,
  query: z.infer<typeof chatQuery>,
  key: string | undefined,
): Promise<Response> {
  const conversation = body.conversation_id ?? query.conversation_id;
  const say = (): Promise<Turn> => converse(context, agent, body, conversation, key);
  if (wantsStream(context)) return streamedWork(context, async () => streamedTurn(await say()));
  const turn = await say();
  const headers = turnHeaders(turn);
  const { answer, isWhole } = await waitFor(context, turn, query.wait * 1_000);
  // Whether it waits now tells nothing: it may not have begun with what was said.
  const status = isWhole && answer.pending.length === 0 ? 200 : 202;
  if ((context.req.header("accept") ?? "").includes("application/json"))
    return jsonAnswer(answer, status, headers);
  return context.text(answer.text, status, headers);
}

const chatQuery = z.object({
  conversation_id: conversationId.describe("Goes on with this conversation. Without it, another one begins."),
  wait: whole(0, 3_600)
    .default(300)
    .describe("Seconds to wait for the answer, which comes to the conversation anyway."),
});

const chatFacts = {
  method: "post",
  description: [
    "Text in, text out: the answer, with the conversation's id in the header Conversation-Id. `Accept: application/json` for",
    "both in one value, `Accept: text/event-stream` for events until the agent listens again.",
  ].join(" "),
  tag: "chat",
  role: "developer",
  query: chatQuery,
  headers: idempotent,
  body: {
    content: {
      "text/plain": wellFormedText.min(1).transform((message): z.infer<typeof chatBody> => ({ message })),
      "application/json": chatBody,
    },
    maximumBytes: 8 * 1024 * 1024,
  },
  answers: {
    200: {
      description: "The answer.",
      content: { "text/plain": z.string(), "application/json": chatAnswer, "text/event-stream": z.string() },
      headers: { "Conversation-Id": "To go on with." },
    },
    202: {
      description:
        "What there is of the answer: the rest comes later, a person must decide something first, or the conversation ended before it heard this (`state`).",
      content: { "text/plain": z.string(), "application/json": chatAnswer },
      headers: { "Conversation-Id": "To go on with." },
    },
  },
  problems: [
    "AGENT_NOT_FOUND",
    "TASK_NOT_FOUND",
    "TASK_ENDED",
    "IDEMPOTENCY_MISMATCH",
    "MODEL_NOT_FOUND",
    "PRICE_UNKNOWN",
  ],
} as const;

export const chatRoutes: readonly Route[] = [
  route(
    {
      ...chatFacts,
      path: "/api/v1/agents/{agent}/chat",
      operation: "chatWithAgent",
      summary: "Say something to an agent, and hear its answer.",
      params: agentParams,
    },
    ({ params, query, headers, body, forge, context }) =>
      chat(context, agentNamed(forge, params.agent), body, query, headers["idempotency-key"]),
  ),
  route(
    {
      ...chatFacts,
      path: "/api/v1/chat",
      operation: "chat",
      summary: "Say something to the default agent, and hear its answer.",
    },
    ({ query, headers, body, forge, context }) =>
      chat(context, defaultAgent(forge), body, query, headers["idempotency-key"]),
  ),
];
