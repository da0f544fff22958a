/**
 * What passes through the inner seam: descriptors and outcomes, never messages, arguments or results.
 *
 * A descriptor says what an engine needs to run a call without user code; it is stored in the reply's commit.
 */
import { z } from "zod";
import { effectClass } from "./agent-spec.ts";

/** What a call waits for before it may run (or, for a question and a child, instead of running). */
export const waitsFor = z.enum(["approval", "question", "child", "limit"]);
export type WaitsFor = z.infer<typeof waitsFor>;

export const call = z.strictObject({
  index: z.number().int().nonnegative(),
  key: z.string(),
  name: z.string(),
  runs: z.enum(["tool", "question", "agent", "limit"]),
  effects: effectClass,
  timeoutMs: z.number(),
  waits: waitsFor.optional(),
  /** The id of the task that a sub-agent's call opens. */
  child: z.string().optional(),
  queue: z.string().optional(),
  /** On a re-run: the call has its outcome, and interpreters skip it. */
  done: z.boolean().optional(),
  /** What the engine's own pages say of it, where its user asked for more than the name. Never stored. */
  summary: z.string().optional(),
});
export type Call = z.infer<typeof call>;

/** What one model step says to the loop. */
export type Reply =
  | { readonly kind: "answer" }
  | { readonly kind: "calls"; readonly calls: readonly Call[] }
  | { readonly kind: "limit"; readonly request?: Call }
  | { readonly kind: "context-full" }
  | { readonly kind: "failed"; readonly code: string };

/** Why the loop wants the task to end. */
export type Ending =
  | { readonly kind: "completed" }
  | { readonly kind: "canceled" }
  | { readonly kind: "failed"; readonly code: string };

/** What a settling step found: who may run now, who still waits, and when the next deadline is due (epoch ms). */
export interface Settled {
  readonly ready: readonly Call[];
  readonly waiting: readonly Call[];
  readonly nextAt?: number;
  /** The task's wake counter as it was read before settling: a higher one since means "settle again" (P2). */
  readonly wakes: number;
}

/** The most calls that one reply may make; the others get error results. */
export const maximumCalls = 128;
/** The most calls of one task that run at once. */
export const maximumParallelCalls = 32;
