import { describe, expect, test } from "vitest";
import { mutants, rare } from "./mutants.ts";
import { firstFailure } from "./seeds.ts";

/** Enough for each of them; all but a few are found within fifty. */
const patience = 6_000;

describe("a simulation notices an engine that is broken so:", () => {
  test.each([...mutants])("$broken", { timeout: 120_000 }, async ({ broken, settings }) => {
    const from = rare[broken] ?? 0;
    const failure = await firstFailure(
      Array.from({ length: patience }, (_, at) => from + at),
      settings,
    );
    expect(failure?.breaches.length ?? 0).toBeGreaterThan(0);
  });
});
