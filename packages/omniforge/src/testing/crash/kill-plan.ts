/** Where a process is to die, as data: what is planned, reported and replayed. */
import { z } from "zod";

/** Before a point's write or execution begins, while it lasts, or after it is durable and before anybody hears of it. */
export const moments = ["before", "during", "after"] as const;
export type Moment = (typeof moments)[number];

/** A point of a run by its name, and how often it had been passed before, counted from 1. */
const point = z.strictObject({ point: z.string(), hit: z.number().int().positive() });
export type Point = z.infer<typeof point>;

/** System calls at which a process can be killed from outside. */
export const systemCalls = ["pwrite64", "write", "fsync", "fdatasync"] as const;
export type SystemCall = (typeof systemCalls)[number];

export const kill = z.union([
  point.extend({ moment: z.enum(["before", "after"]) }),
  /** By another thread, so long after the point's beginning. */
  point.extend({ moment: z.literal("during"), afterMs: z.number().nonnegative() }),
  /** The n-th passing of any point, counted from 1. */
  z.strictObject({ nth: z.number().int().positive() }),
  /** From outside, so long after the start. */
  z.strictObject({ afterMs: z.number().nonnegative() }),
  /** From outside, as the n-th such call of the main thread begins, counted from 1. */
  z.strictObject({ systemCall: z.enum(systemCalls), nth: z.number().int().positive() }),
]);
export type Kill = z.infer<typeof kill>;

/** Kills that a process does to itself. */
export type OwnKill = Exclude<Kill, { afterMs: number; point?: never } | { systemCall: SystemCall }>;

export function nameOf(one: Kill): string {
  if ("point" in one) {
    const when = one.moment === "during" ? `${one.afterMs.toFixed(2)} ms into` : one.moment;
    return `${when} ${one.point}${one.hit === 1 ? "" : ` (${one.hit})`}`;
  }
  if ("systemCall" in one) return `at ${one.systemCall} ${one.nth}`;
  return "nth" in one ? `at point ${one.nth}` : `${one.afterMs} ms after its start`;
}
