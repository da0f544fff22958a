/** What the two programs of a run on Temporal are told when they are started. */
import { z } from "zod";
import { killPlan } from "./points.ts";

const placeShape = z.strictObject({ address: z.string(), namespace: z.string(), taskQueue: z.string() });

/** Where a run's workflows are: in a namespace of its own, because every run's task has the same id. */
export type Place = z.infer<typeof placeShape>;

/** The options of temporal-worker.ts. */
export const workerOptions = placeShape.extend({
  directory: z.string(),
  /** Counted from 0: how many workers of this run came before. */
  process: z.number().int().nonnegative(),
  kill: killPlan.optional(),
});
export type WorkerOptions = z.infer<typeof workerOptions>;

/** The options of temporal-person.ts. */
export const personOptions = placeShape.extend({ directory: z.string() });
export type PersonOptions = z.infer<typeof personOptions>;
