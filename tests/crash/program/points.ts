/**
 * Points at which the program may be killed: it names them as it passes them, and dies exactly at the one it was told.
 *
 * They stand in the program (around the store's port, inside tools and models) and nowhere in the product.
 */
import { appendFileSync } from "node:fs";
import { z } from "zod";

/** Where to die: at the n-th passing of a named point, or at the n-th point of all. Counted from 1. */
export const killPlan = z.union([
  z.strictObject({ point: z.string(), hit: z.number().int().positive() }),
  z.strictObject({ nth: z.number().int().positive() }),
]);
export type KillPlan = z.infer<typeof killPlan>;

export interface Points {
  /** Passes the point, or dies here. */
  pass(point: string): void;
}

/** Every passed point is written to `path`, whether anybody dies or not. */
export function createPoints(path: string, plan: KillPlan | undefined): Points {
  const hits = new Map<string, number>();
  let passed = 0;
  return {
    pass(point) {
      const hit = (hits.get(point) ?? 0) + 1;
      hits.set(point, hit);
      passed++;
      appendFileSync(path, `${hit} ${point}\n`);
      if (plan === undefined) return;
      const isHere = "nth" in plan ? plan.nth === passed : plan.point === point && plan.hit === hit;
      // The kernel lets no instruction of this process follow.
      if (isHere) process.kill(process.pid, "SIGKILL");
    },
  };
}
