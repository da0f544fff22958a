/** Creating a task for a request: what a client may ask for, and that the same key means the same request. */
import { z } from "zod";
import type { Agent } from "../agents/define-agent.ts";
import type { OmniForge } from "../create-omniforge.ts";
import { isKind } from "../protocol/entry.ts";
import { OmniForgeError } from "../protocol/error.ts";
import { json, wellFormedText } from "../protocol/json.ts";
import { message as messageShape, userMessage, type Message } from "../protocol/message.ts";
import type { Limits } from "../protocol/agent-spec.ts";
import type { Task } from "../protocol/task.ts";
import { keepFiles } from "../steps/files.ts";
import type { Caller } from "./caller.ts";
import { named } from "./shapes.ts";

/** Of a message's parts, those that a client may bring: blobs and calls are made here. */
const partIn = named(
  "PartIn",
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("text"), text: wellFormedText }),
    z.strictObject({
      type: z.literal("file"),
      mediaType: wellFormedText.max(200),
      name: wellFormedText.max(200).optional(),
      data: z.base64().describe("The file's bytes."),
    }),
    z.strictObject({ type: z.literal("data"), value: json }),
  ]),
);

export const messageIn = named(
  "MessageIn",
  z
    .union([wellFormedText.min(1), z.strictObject({ parts: z.array(partIn).min(1).max(100) })])
    .describe("Text, or parts."),
);
export type MessageIn = z.infer<typeof messageIn>;

export const limitsIn = named(
  "LimitsIn",
  z
    .strictObject({
      turns: z.int().positive(),
      tokens: z.int().positive(),
      wallTimeMs: z.int().positive(),
      costUsd: z.number().positive(),
    })
    .partial()
    .describe("The smaller of these and the agent's own counts."),
);

export function toMessage(given: MessageIn): Message {
  return typeof given === "string"
    ? userMessage(given)
    : { v: 1, role: "user", parts: given.parts.map((part) => compact(part)) };
}

/** Optional members that were not given are not there. */
function compact(part: z.infer<typeof partIn>): Message["parts"][number] {
  if (part.type !== "file") return part;
  const { name, ...rest } = part;
  return { ...rest, ...(name !== undefined && { name }) };
}

export interface Order {
  readonly message: Message;
  readonly limits?: z.infer<typeof limitsIn> | undefined;
  readonly context?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly messageId?: string;
}

/** Creates the task durably, then starts it. Throws IDEMPOTENCY_MISMATCH where the key has made another. */
export async function submitOrder(
  forge: OmniForge,
  caller: Caller,
  agent: Agent,
  order: Order,
): Promise<Task> {
  const { message, context, idempotencyKey, messageId } = order;
  const limits = smallerLimits(agent, order.limits);
  const task = await forge.submit(agent, message, {
    actor: actorOf(caller),
    ...(limits && { limits }),
    ...(context !== undefined && { context }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(messageId !== undefined && { messageId }),
  });
  if (idempotencyKey !== undefined) await checkSame(forge, task, agent, { messageId: "first", ...order });
  return task;
}

/** Who says something, as the log is to know it. */
export function actorOf({ key, role }: Caller): string {
  return key === undefined ? role : `key:${key}`;
}

function smallerLimits(agent: Agent, asked: Order["limits"]): Partial<Limits> | undefined {
  if (asked === undefined) return undefined;
  const own: Partial<Limits> = { turns: 100, ...agent.definition.limits };
  const limits: { -readonly [K in keyof Limits]?: Limits[K] } = {};
  for (const name of ["turns", "tokens", "wallTimeMs", "costUsd"] as const) {
    const wanted = asked[name];
    if (wanted !== undefined) limits[name] = Math.min(wanted, own[name] ?? wanted);
  }
  return limits;
}

/** The log itself is compared, not what is shown of it. An erased task can't be: it stays what it was. */
async function checkSame(
  forge: OmniForge,
  task: Task,
  agent: Agent,
  { message, messageId }: Order,
): Promise<void> {
  if (task.erased) return;
  const { store, blobs } = forge.world;
  const reference = { tenant: forge.tenant, task: task.task };
  // As the log has it: members in their order, large files beside it under names that follow from their bytes.
  const kept = await keepFiles(blobs, reference, messageShape.parse(message));
  const [first] = (await store.read(reference, 0, 2)).filter(isKind("message"));
  const isSame =
    task.agent === agent.name &&
    first?.body.id === messageId &&
    JSON.stringify(first?.body.message) === JSON.stringify(kept);
  if (!isSame)
    throw new OmniForgeError(
      "IDEMPOTENCY_MISMATCH",
      `this Idempotency-Key has made task ${task.task} of another request`,
    );
}
