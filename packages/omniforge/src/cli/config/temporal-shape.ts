/** What a config file may say of Temporal. What belongs to one process and not to all of them is for the command line. */
import { z } from "zod";
import type { TemporalSettings } from "../../load-temporal.ts";

const word = z.string().min(1);
const count = z.int().positive();

const summarize = z.custom<NonNullable<TemporalSettings["summarize"]>>(
  (value) => typeof value === "function",
  "is no function; it takes a call and returns its summary",
);

const worker = z.strictObject({
  identity: word.exactOptional(),
  maximumSteps: count.exactOptional(),
  // With a single one, beside a cache, a worker of SDK 1.24 took no task.
  maximumWorkflowTasks: z.int().min(2).exactOptional(),
  maximumCachedTasks: count.exactOptional(),
});

export const temporalShape = z.strictObject({
  address: word.exactOptional(),
  namespace: word.exactOptional(),
  taskQueue: word.exactOptional(),
  queues: z.strictObject({ model: word.exactOptional(), tools: word.exactOptional() }).exactOptional(),
  modelRates: z.record(z.string(), z.number().positive()).exactOptional(),
  summarize: summarize.exactOptional(),
  worker: worker.exactOptional(),
  reconcile: z
    .strictObject({ everyMs: count.exactOptional(), quietMs: z.int().nonnegative().exactOptional() })
    .exactOptional(),
});
