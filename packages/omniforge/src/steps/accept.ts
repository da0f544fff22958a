/**
 * Accepting: durably writing what people say, under its own id, once (P1). Waking the engine comes after and may fail:
 * what is accepted is settled from the log.
 *
 * Owns: judging an input (does the task run, is it asked for, does it fit, is it in time). A wrong one is refused at once
 * and changes nothing, except that an answer after its deadline writes the expiry.
 */
import { isDeepStrictEqual } from "node:util";
import { entry, isKind, type Entry, type EntryBody, type EntryOf, type NewEntry } from "../protocol/entry.ts";
import { OmniForgeError } from "../protocol/error.ts";
import { input as inputShape, type Answer, type Input, type InputRequest } from "../protocol/input.ts";
import { textOf, type Message } from "../protocol/message.ts";
import type { TaskReference } from "../protocol/task.ts";
import type { TaskRow } from "../store/task-store.ts";
import { listens } from "../tools/builtin/listen.ts";
import { validate, type JsonSchema } from "../tools/schema.ts";
import { z } from "zod";
import { readSpec } from "./create-task.ts";
import { childrenOf } from "./family.ts";
import { keepFiles, nameFiles } from "./files.ts";
import { dropLateBlobs } from "./late-blobs.ts";
import type { StepWorld } from "./step.ts";
import { viewTurn } from "./turn-view.ts";

/** `repeated`: this id had been accepted before; nothing was written. */
export interface Accepted {
  readonly entry: Entry;
  readonly repeated: boolean;
}

/**
 * Accepts one input. May be repeated: the same message or cancel id again returns the first entry.
 *
 * Throws TASK_NOT_FOUND, TASK_ENDED, INPUT_NOT_FOUND, ALREADY_ANSWERED, DEADLINE_PASSED, INVALID_INPUT, TASK_CONFLICT
 * where a message's id was used for other words, or PRECONDITION_FAILED where the log does not end with its `seq`.
 */
export async function accept(world: StepWorld, reference: TaskReference, given: Input): Promise<Accepted> {
  const parsed = inputShape.safeParse(given);
  if (!parsed.success) throw new OmniForgeError("INVALID_INPUT", z.prettifyError(parsed.error));
  const input = parsed.data;
  const row = await world.store.row(reference);
  if (row === undefined) throw new OmniForgeError("TASK_NOT_FOUND", `there is no task ${reference.task}`);
  switch (input.kind) {
    case "message": {
      const { id, actor } = input;
      const message = await filed(world, row, input);
      const accepted = await write(
        world,
        reference,
        `message:${id}`,
        entry("message", { id, message, ...(actor !== undefined && { actor }) }),
        input.seq,
      );
      if (accepted.repeated && !saysTheSame(accepted.entry, message))
        throw new OmniForgeError(
          "TASK_CONFLICT",
          `task ${row.task} has a message ${id} that says something else: say this under another id`,
        );
      return accepted;
    }
    case "cancel": {
      const { id, reason, actor } = input;
      const body = { id, ...(reason !== undefined && { reason }), ...(actor !== undefined && { actor }) };
      const accepted = await write(world, reference, `cancel:${id}`, entry("cancel", body), input.seq);
      await cancelChildren(world, row, reason);
      return accepted;
    }
    case "answer":
      return acceptAnswer(world, row, input);
  }
}

/** The message as the log has it. What will not be written, since it was before or the task has ended, keeps no file. */
async function filed(
  { store, blobs }: StepWorld,
  row: TaskRow,
  { id, message }: Extract<Input, { kind: "message" }>,
): Promise<Message> {
  if (message.parts.every(({ type }) => type !== "file")) return message;
  const isNew = row.endedSeq === null && (await store.findAccepted(row, `message:${id}`)) === undefined;
  return isNew ? keepFiles(blobs, row, message) : nameFiles(message);
}

/** A repetition says the same in the same words; whoever repeats it, and whatever the task waits for by then. */
function saysTheSame(first: Entry, message: Message): boolean {
  if (first.kind === "message") return JSON.stringify(first.body.message) === JSON.stringify(message);
  return first.kind === "input" && first.body.answer !== undefined && isInWords(first.body.answer, message);
}

/** Whether a message that answered a question is this answer. */
function isInWords(answer: Answer, { parts }: Message): boolean {
  return (
    answer.decision === "answer" &&
    parts.every(({ type }) => type === "text") &&
    answer.value === textOf(parts)
  );
}

async function acceptAnswer(
  world: StepWorld,
  row: TaskRow,
  input: Extract<Input, { kind: "answer" }>,
): Promise<Accepted> {
  const { request: id, answer, message, actor } = input;
  const request = row.pending.find((one) => one.id === id);
  if (request === undefined) {
    const first = await world.store.findAccepted(row, `input:${id}`);
    if (first !== undefined) return repeatedAnswer(row, first, input);
    if (row.endedSeq !== null) throw hasEnded(row);
    throw new OmniForgeError("INPUT_NOT_FOUND", `task ${row.task} has no request ${id}`);
  }
  if (request.deadline !== undefined && request.deadline <= world.now()) {
    const first = await expire(world, row, request);
    if (first === undefined) throw hasEnded(row);
    if (first.body.outcome !== "expired") throw answeredBefore(row, first);
    throw new OmniForgeError(
      "DEADLINE_PASSED",
      `request ${id} of task ${row.task} expired at ${new Date(request.deadline).toISOString()}`,
    );
  }
  await judge(world, row, request, answer);
  // What was said before counts before: whoever ends the conversation now has not heard the answer to it.
  if (row.messages > row.taken && (await isListenedTo(world, row, request))) {
    const first = await hear(world, row, request);
    if (first === undefined) throw hasEnded(row);
    return repeatedAnswer(row, first, input);
  }
  const said = { ...(message !== undefined && { message }), ...(actor !== undefined && { actor }) };
  const body = { id, outcome: "answered" as const, answer, ...said };
  const ids = message === undefined ? `input:${id}` : [`input:${id}`, `message:${message}`];
  const accepted = await write(world, row, ids, entry("input", body), input.seq);
  return accepted.repeated ? repeatedAnswer(row, accepted.entry, input) : accepted;
}

/** Whether a conversation listens here. */
async function isListenedTo(world: StepWorld, row: TaskRow, request: InputRequest): Promise<boolean> {
  const read = await world.store.turn(row);
  const calls = read === undefined ? [] : (viewTurn(read).reply?.body.calls ?? []);
  return calls.some((call) => call.key === request.id && listens(call, request));
}

/** The same message gave the same answer before. Throws ALREADY_ANSWERED, or TASK_CONFLICT for a message that said another. */
function repeatedAnswer(row: TaskRow, first: Entry, input: Extract<Input, { kind: "answer" }>): Accepted {
  const { request, answer, message } = input;
  const body = first.kind === "input" ? first.body : undefined;
  const spoken = message !== undefined && (body?.message === message || first.kind === "message");
  if (!spoken) throw answeredBefore(row, first);
  const same =
    first.kind === "message"
      ? isInWords(answer, first.body.message)
      : body?.id === request && isDeepStrictEqual(body.answer, answer);
  if (same) return { entry: first, repeated: true };
  throw new OmniForgeError(
    "TASK_CONFLICT",
    `message ${message} of task ${row.task} said something else before`,
  );
}

/** Whether this is an answer to what was asked. Throws INVALID_INPUT. */
async function judge(world: StepWorld, row: TaskRow, request: InputRequest, answer: Answer): Promise<void> {
  const wanted = request.kind === "question" ? answer.decision !== "approve" : answer.decision !== "answer";
  if (!wanted) {
    throw new OmniForgeError(
      "INVALID_INPUT",
      `request ${request.id} of task ${row.task} is ${request.kind === "question" ? "a question" : "an approval"}: '${answer.decision}' does not answer it`,
    );
  }
  if (answer.decision === "answer" && request.schema !== undefined)
    await validate(request.schema as JsonSchema, answer.value);
  if (answer.decision !== "approve" || answer.arguments === undefined) return;
  // What an approver puts in place of the model's arguments must be something that the tool takes (K5).
  const tool = (await readSpec(world, row)).tools.find((one) => one.name === request.tool);
  if (tool !== undefined) await validate(tool.parameters as JsonSchema, answer.arguments);
}

/** Accepts that a request's deadline has passed; returns what was accepted under its id, this or an earlier answer. */
export function expire(
  world: StepWorld,
  reference: TaskReference,
  { id }: InputRequest,
): Promise<EntryOf<"input"> | undefined> {
  return settle(world, reference, { id, outcome: "expired" });
}

/** Accepts that a conversation has been told something, which is what its request waits for; returns as `expire` does. */
export function hear(
  world: StepWorld,
  reference: TaskReference,
  { id }: InputRequest,
): Promise<EntryOf<"input"> | undefined> {
  return settle(world, reference, { id, outcome: "answered", answer: { decision: "answer", value: "" } });
}

/** What no person has to say: the first entry under the request's id counts. */
async function settle(
  world: StepWorld,
  { tenant, task }: TaskReference,
  body: EntryBody<"input">,
): Promise<EntryOf<"input"> | undefined> {
  const result = await world.store.commit({
    tenant,
    task,
    entries: [entry("input", body)],
    at: world.now(),
    accepts: `input:${body.id}`,
  });
  const [first] =
    result.kind === "committed" ? result.entries : result.kind === "found" ? [result.entry] : [];
  if (first !== undefined) world.publish({ type: "entry", task, entry: first }, tenant);
  return first?.kind === "input" ? first : undefined;
}

async function write(
  world: StepWorld,
  reference: TaskReference,
  id: string | readonly string[],
  one: NewEntry,
  seq: number | undefined,
): Promise<Accepted> {
  const { tenant, task } = reference;
  const result = await world.store.commit({
    tenant,
    task,
    entries: [one],
    at: world.now(),
    accepts: id,
    ...(seq !== undefined && { seq }),
  });
  if (result.kind === "moved")
    throw new OmniForgeError(
      "PRECONDITION_FAILED",
      `something else was written to the log of task ${task} meanwhile`,
    );
  if (result.kind === "ended") {
    await dropLateBlobs(world, reference);
    throw hasEnded(reference);
  }
  if (result.kind !== "committed" && result.kind !== "found")
    throw new OmniForgeError("TASK_NOT_FOUND", `there is no task ${task}`);
  const accepted = result.kind === "found" ? result.entry : result.entries[0];
  if (accepted === undefined)
    throw new OmniForgeError("INTERNAL", `nothing was accepted under ${String(id)}`);
  world.publish({ type: "entry", task, entry: accepted }, tenant);
  return { entry: accepted, repeated: result.kind === "found" };
}

/** A cancel reaches all descendants, each by an entry in its own log (K6). Those that open meanwhile are refused. */
export async function cancelChildren(
  world: StepWorld,
  parent: TaskReference,
  reason?: string,
): Promise<void> {
  const open: TaskReference[] = [];
  for await (const child of childrenOf(world.store, parent)) if (child.endedSeq === null) open.push(child);
  for (const child of open) {
    try {
      await accept(world, child, { kind: "cancel", id: "parent", ...(reason !== undefined && { reason }) });
    } catch (thrown) {
      if (!OmniForgeError.is(thrown, "TASK_ENDED")) throw thrown;
    }
  }
}

const hasEnded = ({ task }: TaskReference): OmniForgeError =>
  new OmniForgeError("TASK_ENDED", `task ${task} has ended: it takes no more input`);

function answeredBefore(row: TaskRow, first: Entry): OmniForgeError {
  const how = isKind("input")(first) ? first.body.outcome : "answered";
  return new OmniForgeError("ALREADY_ANSWERED", `this request of task ${row.task} was ${how} before`, {
    details: { first },
  });
}
