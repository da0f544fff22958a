/** What the programs beside the harness's own are told when they are started. */
import { z } from "zod";

/** The options of poisoned.ts. */
export const poisonedOptions = z.strictObject({
  directory: z.string(),
  /** Counted from 0: how many processes of this program came before. */
  process: z.number().int().nonnegative(),
});

/** The options of holding.ts. */
export const holdingOptions = poisonedOptions.extend({
  leaseMs: z.number(),
  beatMs: z.number(),
  stopGraceMs: z.number(),
  /** One task after another under these idempotency keys. */
  orders: z.array(z.string()),
});
export type HoldingOptions = z.infer<typeof holdingOptions>;
