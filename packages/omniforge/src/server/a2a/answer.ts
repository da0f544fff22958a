/**
 * A message as the answer to what a person is asked.
 *
 * Owns: which request a message answers, and how words become a decision. Nothing that is not plainly a yes approves
 * anything.
 */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { OmniForgeError } from "../../protocol/error.ts";
import type { Answer, InputRequest } from "../../protocol/input.ts";
import type { Json } from "../../protocol/json.ts";
import { textOf, type Part } from "../../protocol/message.ts";
import { inputsExtension, spokenAnswer, type SpokenAnswer } from "./extension.ts";
import type { Message as A2AMessage } from "./sdk.ts";

/** A request that is open, and the task that asks: the task itself, or one of its sub-agents. */
export interface Asked {
  readonly task: string;
  readonly request: InputRequest;
}

const wrong = (message: string): OmniForgeError => new OmniForgeError("INVALID_INPUT", message);

/** What the message says explicitly of the request that it answers. Throws INVALID_INPUT. */
export function explicitAnswer({ metadata }: A2AMessage): SpokenAnswer {
  const said: unknown = metadata?.[inputsExtension];
  if (said === undefined || said === null) return {};
  const parsed = spokenAnswer.safeParse(said);
  if (parsed.success) return parsed.data;
  throw wrong(`metadata ${inputsExtension}: ${z.prettifyError(parsed.error)}`);
}

/** The open request that the message answers. Throws INVALID_INPUT where it must be named, INPUT_NOT_FOUND where there is none of that name. */
export function chooseRequest(open: readonly Asked[], { request, task }: SpokenAnswer): Asked {
  const meant = open.filter(
    (one) =>
      (request === undefined || one.request.id === request) && (task === undefined || one.task === task),
  );
  const [first] = meant;
  const names = open.map((one) => `${one.request.id} of ${one.task}`).join(", ");
  if (first === undefined)
    throw new OmniForgeError("INPUT_NOT_FOUND", `there is no such open request; open are: ${names}`);
  if (meant.length > 1)
    throw wrong(
      `several requests are open: name the one that is answered in the message's metadata, under ${inputsExtension}; open are: ${names}`,
    );
  return first;
}

/** The answer that the message gives to this request. Throws INVALID_INPUT. */
export function toAnswer(request: InputRequest, explicit: SpokenAnswer, parts: readonly Part[]): Answer {
  if (explicit.decision !== undefined) return decided(explicit);
  return request.kind === "question" ? inWords(request, parts) : permission(parts);
}

/** Whether the message can have given this answer: who sends it again does not know the request any more. */
export function mayHaveSaid(answer: Answer, explicit: SpokenAnswer, parts: readonly Part[]): boolean {
  const attempts: (() => Answer)[] = [
    () => decided(explicit),
    () => permission(parts),
    () => inWords({ schema: undefined }, parts),
    () => inWords({ schema: {} }, parts),
  ];
  return attempts.slice(...(explicit.decision === undefined ? [1] : [0, 1])).some((attempt) => {
    try {
      return isDeepStrictEqual(attempt(), answer);
    } catch (thrown) {
      if (OmniForgeError.is(thrown, "INVALID_INPUT")) return false;
      throw thrown;
    }
  });
}

function decided({ decision, value, reason, arguments: given }: SpokenAnswer): Answer {
  switch (decision) {
    case "approve":
      return { decision, ...(given !== undefined && { arguments: given }) };
    case "reject":
      return { decision, ...(reason !== undefined && { reason }) };
    case "answer":
      if (value === undefined) throw wrong(`metadata ${inputsExtension}: an answer needs a value`);
      return { decision, value };
    case undefined:
      throw wrong(`metadata ${inputsExtension}: there is no decision`);
  }
}

/** A question is answered by a data part, by text, or, where a schema asks for more than text, by text that is JSON. */
function inWords({ schema }: Pick<InputRequest, "schema">, parts: readonly Part[]): Answer {
  if (parts.some(({ type }) => type === "file"))
    throw wrong("a question is answered by text or data, not by files");
  const data = parts.find((part) => part.type === "data");
  if (data !== undefined) return { decision: "answer", value: data.value };
  const text = textOf(parts);
  if (schema === undefined || takesText(schema)) return { decision: "answer", value: text };
  try {
    return { decision: "answer", value: JSON.parse(text) as Json };
  } catch {
    return { decision: "answer", value: text };
  }
}

function takesText(schema: Json): boolean {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return false;
  const { type, enum: choices } = schema;
  return (
    type === "string" || (Array.isArray(choices) && choices.every((choice) => typeof choice === "string"))
  );
}

const yes = /^(?:approved?|yes|y)[.!]?$/i;
const no = /^(?:reject(?:ed)?|no|n|deny|denied)(?:[.!]?$|[\s,:;.-]+(?<reason>[^]+)$)/i;
const permissionShape = z.union([
  z.strictObject({ decision: z.literal("approve"), arguments: spokenAnswer.shape.arguments }),
  z.strictObject({ decision: z.literal("reject"), reason: spokenAnswer.shape.reason }),
]);

function permission(parts: readonly Part[]): Answer {
  const data = parts.find((part) => part.type === "data");
  const spoken = data === undefined ? undefined : permissionShape.safeParse(data.value);
  if (spoken?.success === true) return decided(spoken.data);
  const text = textOf(parts).trim();
  if (data === undefined && yes.test(text)) return { decision: "approve" };
  const refusal = data === undefined ? no.exec(text) : null;
  if (refusal === null)
    throw wrong(
      'an approval is waited for: say "approve" or "reject", with a reason behind it, or send a data part like {"decision": "approve"}',
    );
  const reason = refusal.groups?.["reason"];
  return { decision: "reject", ...(reason !== undefined && { reason }) };
}
