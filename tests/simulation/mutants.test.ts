import { describe, expect, test } from "vitest";
import { mutants } from "./mutants.ts";
import { firstFailure } from "./seeds.ts";

/** Enough for each of them; all but a few are found within fifty. */
const patience = Array.from({ length: 6_000 }, (_, seed) => seed);

describe("a simulation notices an engine in which", () => {
  for (const { broken, settings } of mutants) {
    test(broken, { timeout: 120_000 }, async () => {
      const failure = await firstFailure(patience, settings);
      expect(failure?.breaches.length ?? 0).toBeGreaterThan(0);
    });
  }
});
