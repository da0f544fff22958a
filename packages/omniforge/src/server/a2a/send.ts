/**
 * A message comes in: it begins a task, answers what one asks, or is said to one.
 *
 * Invariants
 * 1. A message id is known for good: the same message again finds what it did the first time, at once, concurrently or after
 *    a crash, and does nothing; another message under its id is refused.
 * 2. Who asks is found before it is looked whether the message was there before, and an answer is accepted under both its
 *    request's id and its message's: whoever repeats a message can never answer the next request with it.
 */
import { OmniForgeError } from "../../protocol/error.ts";
import type { Entry } from "../../protocol/entry.ts";
import type { Message } from "../../protocol/message.ts";
import { descendantsOf } from "../../steps/family.ts";
import type { TaskRow } from "../../store/task-store.ts";
import { isListening } from "../../agents/conversation.ts";
import { chooseRequest, explicitAnswer, mayHaveSaid, toAnswer } from "./answer.ts";
import { checkTenant, rowOf, type Desk } from "./desk.ts";
import { malformedError } from "./errors.ts";
import { openDescendants, requestsOf } from "./open-requests.ts";
import { toOurMessage } from "./parts-in.ts";
import { withRecall } from "./recall.ts";
import { isSameMessage } from "./same-message.ts";
import {
  PushNotificationNotSupportedError,
  type Message as A2AMessage,
  type SendMessageRequest,
} from "./sdk.ts";

/** Takes the message in; returns the task that it began or went to. */
export async function send(desk: Desk, request: SendMessageRequest): Promise<string> {
  const { message, configuration, tenant } = request;
  checkTenant(desk, tenant);
  if (message === undefined) throw malformedError("message: is missing");
  if (configuration?.taskPushNotificationConfig !== undefined) throw new PushNotificationNotSupportedError();
  const said = toOurMessage(message);
  return message.taskId === "" ? begin(desk, message, said) : continued(desk, message, said);
}

async function begin(desk: Desk, message: A2AMessage, said: Message): Promise<string> {
  const { forge, agent, caller, window } = desk;
  const { store } = window;
  const { tenant } = forge;
  const context = message.contextId === "" ? undefined : message.contextId;
  const referred = await Promise.all(
    message.referenceTaskIds.map(async (task) => {
      const row = await store.row({ tenant, task });
      if (row === undefined)
        throw new OmniForgeError("TASK_NOT_FOUND", `referenceTaskIds: there is no task ${task}`);
      return row;
    }),
  );
  const whole = await withRecall(window, said, { tenant, agent: agent.name, context, referred });
  const { task } = await forge.submit(agent, whole, {
    messageId: message.messageId,
    idempotencyKey: `a2a:${agent.name}:${message.messageId}`,
    ...(context !== undefined && { context }),
    ...(caller.key !== undefined && { actor: caller.key }),
  });
  const row = await rowOf(desk, task);
  const first = await store.findAccepted(row, `message:${message.messageId}`);
  const same = first !== undefined && saysSame(first, message, said);
  if (!same || (context !== undefined && row.context !== context)) throw conflict(message);
  return task;
}

async function continued(desk: Desk, message: A2AMessage, said: Message): Promise<string> {
  const row = await rowOf(desk, message.taskId);
  if (message.contextId !== "" && message.contextId !== row.context)
    throw malformedError(`contextId: task ${row.task} belongs to another context`);
  try {
    await sayOnce(desk, row, message, said);
  } catch (thrown) {
    // The same message, sent twice at once, was the first to answer: then it is found now.
    if (!OmniForgeError.is(thrown) || !beaten.includes(thrown.code)) throw thrown;
    if (!(await wasSaid(desk, row, message, said))) throw thrown;
  }
  return row.task;
}

const beaten: readonly string[] = ["TASK_CONFLICT", "ALREADY_ANSWERED", "INPUT_NOT_FOUND", "TASK_ENDED"];

async function sayOnce(desk: Desk, row: TaskRow, message: A2AMessage, said: Message): Promise<void> {
  const { forge, window, caller } = desk;
  const actor = caller.key === undefined ? {} : { actor: caller.key };
  const { messageId: id } = message;
  const open = requestsOf(row, await openDescendants(window.store, row)).filter(
    ({ request }) => !isListening(request),
  );
  if (await wasSaid(desk, row, message, said)) return;
  if (row.endedSeq !== null)
    throw new OmniForgeError(
      "TASK_ENDED",
      `task ${row.task} is ${row.state}: send a message without taskId instead`,
    );
  const explicit = explicitAnswer(message);
  if (open.length > 0 || explicit.decision !== undefined || explicit.request !== undefined) {
    const { task, request } = chooseRequest(open, explicit);
    const answer = toAnswer(request, explicit, said.parts);
    await forge.accept(task, { kind: "answer", request: request.id, answer, message: id, ...actor });
    return;
  }
  const { entry, repeated } = await forge.accept(row.task, { kind: "message", id, message: said, ...actor });
  if (repeated && !saysSame(entry, message, said)) throw conflict(message);
}

/** Whether this message was accepted before, by the task or one of its sub-agents. Throws TASK_CONFLICT where it said something else. */
async function wasSaid({ window }: Desk, row: TaskRow, message: A2AMessage, said: Message): Promise<boolean> {
  const { store } = window;
  const id = `message:${message.messageId}`;
  const known = await store.findAccepted(row, id);
  let found = known;
  if (found === undefined && row.children > 0)
    for await (const below of descendantsOf(store, row)) found ??= await store.findAccepted(below, id);
  if (found === undefined) return false;
  if (!saysSame(found, message, said)) throw conflict(message);
  return true;
}

function saysSame(entry: Entry, message: A2AMessage, said: Message): boolean {
  if (entry.kind === "message") return isSameMessage(entry.body.message, said);
  if (entry.kind !== "input" || entry.body.answer === undefined) return false;
  const explicit = explicitAnswer(message);
  const sameRequest = explicit.request === undefined || explicit.request === entry.body.id;
  return sameRequest && mayHaveSaid(entry.body.answer, explicit, said.parts);
}

function conflict({ messageId }: A2AMessage): OmniForgeError {
  return new OmniForgeError(
    "TASK_CONFLICT",
    `messageId ${messageId} was used for another message: give each message an id of its own`,
  );
}
