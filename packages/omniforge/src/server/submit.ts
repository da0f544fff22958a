/** Creating a task for a request: what a client may ask for, and that the same key means the same request. */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Agent } from "../agents/define-agent.ts";
import type { OmniForge } from "../create-omniforge.ts";
import { isKind } from "../protocol/entry.ts";
import { OmniForgeError } from "../protocol/error.ts";
import { json, wellFormedText } from "../protocol/json.ts";
import { message as messageShape, userMessage, type Message } from "../protocol/message.ts";
import type { Limits } from "../protocol/agent-spec.ts";
import type { Task } from "../protocol/task.ts";
import { readSpec } from "../steps/create-task.ts";
import { nameFiles } from "../steps/files.ts";
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
  const limits = smallerLimits(agent.definition.limits, order.limits);
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

function smallerLimits(
  given: Partial<Limits> | undefined,
  asked: Order["limits"],
): Partial<Limits> | undefined {
  if (asked === undefined) return undefined;
  const own: Partial<Limits> = { turns: 100, ...given };
  const limits: { -readonly [K in keyof Limits]?: Limits[K] } = {};
  for (const name of ["turns", "tokens", "wallTimeMs", "costUsd"] as const) {
    const wanted = asked[name];
    if (wanted !== undefined) limits[name] = Math.min(wanted, own[name] ?? wanted);
  }
  return limits;
}

/**
 * The log itself is compared, not what is shown of it. An erased task can't be: it stays what it was.
 *
 * Limits are those that this order would have got from the agent as the task has pinned it: who repeats a request need not
 * know that the agent has changed since.
 */
async function checkSame(forge: OmniForge, task: Task, agent: Agent, order: Order): Promise<void> {
  if (task.erased) return;
  const { store } = forge.world;
  const entries = await store.read({ tenant: forge.tenant, task: task.task }, 0, 2);
  const [created] = entries.filter(isKind("created"));
  const [first] = entries.filter(isKind("message"));
  const isSame =
    created !== undefined &&
    task.agent === agent.name &&
    first?.body.id === order.messageId &&
    created.body.context === order.context &&
    // As the log has it: members in their order, large files under names that follow from their bytes.
    JSON.stringify(first?.body.message) === JSON.stringify(nameFiles(messageShape.parse(order.message))) &&
    isDeepStrictEqual(created.body.limits, await limitsOf(forge, task, created.body.specHash, order));
  if (!isSame)
    throw new OmniForgeError(
      "IDEMPOTENCY_MISMATCH",
      `this Idempotency-Key has made task ${task.task} of another request`,
    );
}

async function limitsOf(
  { world }: OmniForge,
  { task }: Task,
  specHash: string,
  order: Order,
): Promise<Limits> {
  const { limits } = await readSpec(world, { task, specHash });
  return { ...limits, ...smallerLimits(limits, order.limits) };
}
