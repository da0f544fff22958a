/** What a process of a run is told when it is started. */
import { z } from "zod";
import { kill } from "./kill-plan.ts";

export const childOptions = z.strictObject({
  /** URL of the module whose default export makes what is under fire. */
  program: z.string(),
  directory: z.string(),
  /** Counted from 0: how many processes of this run came before. */
  process: z.number().int().nonnegative(),
  durability: z.enum(["power", "process"]),
  kill: kill.optional(),
  /** People answer at once, instead of when nothing moves. */
  eager: z.boolean(),
});
export type ChildOptions = z.infer<typeof childOptions>;

/** The task of every run: that logs can be compared, ids are the same. */
export const root = { tenant: "default", task: "crash" };

export const pointsFile = (process: number): string => `points-${process}.txt`;

/** What a program says of itself: written by its process, because nobody else loads it. */
export const traits = z.strictObject({ indifferent: z.boolean(), repeatable: z.boolean() });
export type Traits = z.infer<typeof traits>;
export const traitsFile = "program.json";
