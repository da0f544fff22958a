/** Parameters that several routes have. */
import { z } from "zod";
import { wellFormedText } from "../protocol/json.ts";
import { taskStates, type TaskState } from "../protocol/task.ts";

const toNumber = (given: unknown): unknown =>
  typeof given === "string" && /^\d{1,16}$/.test(given) ? Number(given) : given;

/** A number in a query. */
export function whole(minimum: number, maximum: number) {
  return z.preprocess(toNumber, z.int().min(minimum).max(maximum));
}

const toTime = (given: unknown): unknown => {
  if (typeof given !== "string") return given;
  return /^\d{1,15}$/.test(given) ? Number(given) : Date.parse(given);
};

/** Epoch milliseconds, or ISO 8601. */
export const moment = z
  .preprocess(toTime, z.number("Epoch milliseconds, or ISO 8601.").int().nonnegative())
  .meta({ type: ["integer", "string"], description: "Epoch milliseconds, or ISO 8601." });

const toStates = (given: unknown): unknown => (typeof given === "string" ? given.split(",") : given);

export const states = z
  .preprocess(toStates, z.array(z.enum(taskStates)).max(taskStates.length))
  .transform((given): readonly TaskState[] => given)
  .meta({ type: "string", description: `One or several of ${taskStates.join(", ")}, with commas.` });

export const flag = z.enum(["true", "false"]).transform((given) => given === "true");

const name = wellFormedText.min(1).max(400);
export const taskParams = z.object({ task: name });
export const agentParams = z.object({ agent: name });
export const agentTaskParams = z.object({ agent: name, task: name });

export const pageQuery = z.object({
  limit: whole(1, 200).default(50),
  cursor: z.string().max(1_000).optional().describe("`next` of the page before."),
});

export const idempotent = z.object({
  "idempotency-key": wellFormedText
    .min(1)
    .max(200)
    .optional()
    .describe("The same key again finds what the first request with it has made."),
});

export const cached = z.object({ "if-none-match": z.string().optional() });

/** What changes a task can be held to the task that the client has seen. */
export const conditional = z.object({
  "if-match": z
    .string()
    .optional()
    .describe("The ETag of the task as the client saw it: 412 where it has changed since."),
});
