/** What the program is told when it is started. */
import { z } from "zod";
import { killPlan } from "./points.ts";

export const programOptions = z.strictObject({
  directory: z.string(),
  /** Counted from 0: how many processes of this program came before. */
  process: z.number().int().nonnegative(),
  durability: z.enum(["power", "process"]),
  kill: killPlan.optional(),
  /** See attend.ts. */
  eager: z.boolean(),
});
export type ProgramOptions = z.infer<typeof programOptions>;

/** The options of poisoned.ts. */
export const poisonedOptions = programOptions.pick({ directory: true, process: true });

/** The options of holding.ts. */
export const holdingOptions = poisonedOptions.extend({
  leaseMs: z.number(),
  beatMs: z.number(),
  stopGraceMs: z.number(),
  /** One task after another under these idempotency keys. */
  orders: z.array(z.string()),
});
export type HoldingOptions = z.infer<typeof holdingOptions>;
