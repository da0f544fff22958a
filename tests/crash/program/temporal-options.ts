/** What the programs of a run on Temporal are told when they are started. */
import { z } from "zod";
import { kill } from "../../../packages/omniforge/src/testing/crash/kill-plan.ts";

/** In a namespace of its own: every run's task has the same id. */
const placeShape = z.strictObject({
  address: z.string(),
  namespace: z.string(),
  taskQueue: z.string(),
  /** Of PostgreSQL; default: SQLite, in the directory. */
  database: z.string().optional(),
  /** Default: none. */
  redis: z.string().optional(),
});

/** The options of temporal-worker.ts. */
export const workerOptions = placeShape.extend({
  directory: z.string(),
  /** Counted from 0: how many workers of this run came before. */
  process: z.number().int().nonnegative(),
  kill: kill.optional(),
});
export type WorkerOptions = z.infer<typeof workerOptions>;

/** The options of temporal-person.ts. */
export const personOptions = placeShape.extend({ directory: z.string() });
export type PersonOptions = z.infer<typeof personOptions>;

/** The options of temporal-caller.ts. */
export const callerOptions = z.strictObject({
  directory: z.string(),
  /** Of the server. */
  url: z.string(),
});
export type CallerOptions = z.infer<typeof callerOptions>;

/** Where callers write how many pieces of running text they have heard. */
export const piecesFile = "pieces.txt";
