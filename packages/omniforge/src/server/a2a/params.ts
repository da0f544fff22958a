/**
 * What clients may send, checked before the SDK's codecs see it: those turn whatever they are given into something.
 *
 * ProtoJSON: a null is a field that was not set, and what nobody knows is ignored.
 */
import { z } from "zod";
import { json, wellFormedText } from "../../protocol/json.ts";
import { malformedError } from "./errors.ts";

const longestId = 200;
const mostParts = 1_000;
const mostReferences = 20;

const id = wellFormedText.min(1).max(longestId);
/** ProtoJSON's empty string is a field that was not set. */
const optionalId = wellFormedText.max(longestId).nullish();
const tenant = z.string().max(longestId).nullish();
const metadata = z.record(z.string(), json).nullish();
const historyLength = z.int().min(0).max(2_147_483_647).nullish();
const base64 = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/, "is not base64");

const part = z
  .object({
    text: wellFormedText.nullish(),
    raw: base64.nullish(),
    url: wellFormedText.nullish(),
    data: json.optional(),
    metadata,
    filename: wellFormedText.max(1_000).nullish(),
    mediaType: wellFormedText.max(200).nullish(),
  })
  .refine(
    ({ text, raw, url, data }) =>
      [text, raw, url, data].filter((one) => one !== undefined && one !== null).length === 1,
    "a part has exactly one of text, raw, url and data",
  );

const message = z.object({
  messageId: id,
  contextId: optionalId,
  taskId: optionalId,
  role: z.literal("ROLE_USER"),
  parts: z.array(part).min(1).max(mostParts),
  metadata,
  extensions: z.array(z.string().max(1_000)).max(100).nullish(),
  referenceTaskIds: z.array(id).max(mostReferences).nullish(),
});

const configuration = z.object({
  acceptedOutputModes: z.array(z.string().max(200)).max(100).nullish(),
  taskPushNotificationConfig: z.looseObject({}).nullish(),
  historyLength,
  returnImmediately: z.boolean().nullish(),
});

const states = [
  "TASK_STATE_UNSPECIFIED",
  "TASK_STATE_SUBMITTED",
  "TASK_STATE_WORKING",
  "TASK_STATE_COMPLETED",
  "TASK_STATE_FAILED",
  "TASK_STATE_CANCELED",
  "TASK_STATE_INPUT_REQUIRED",
  "TASK_STATE_REJECTED",
  "TASK_STATE_AUTH_REQUIRED",
] as const;

const send = z.object({ tenant, message, configuration: configuration.nullish(), metadata });
const list = z.object({
  tenant,
  contextId: optionalId,
  status: z.enum(states).nullish(),
  pageSize: z.int().min(1).max(100).nullish(),
  pageToken: z.string().max(1_000).nullish(),
  historyLength,
  statusTimestampAfter: z.iso.datetime({ offset: true }).nullish(),
  includeArtifacts: z.boolean().nullish(),
});
const one = z.object({ tenant, id });

/** By JSON-RPC method. Methods that are not supported take whatever they are given. */
export const paramsOf: Readonly<Record<string, z.ZodType<Record<string, unknown>>>> = {
  SendMessage: send,
  SendStreamingMessage: send,
  GetTask: one.extend({ historyLength }),
  ListTasks: list,
  CancelTask: one.extend({ metadata }),
  SubscribeToTask: one,
};

/** The parameters without what nobody knows. Throws RequestMalformedError, naming the field. */
export function readParams(method: string, given: unknown): Record<string, unknown> {
  const schema = paramsOf[method];
  if (schema === undefined || !Object.hasOwn(paramsOf, method)) return {};
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw malformedError(z.prettifyError(parsed.error));
}
