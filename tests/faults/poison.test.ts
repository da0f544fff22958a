/** A tool that ends its process each time, beside many innocent tasks. */
import { describe, expect, it } from "vitest";
import { inFolder } from "./beside.ts";
import { left } from "./left.ts";
import { supervise } from "./run-program.ts";

describe("a tool that ends its process each time", { timeout: 120_000 }, () => {
  it("by abort, beside a thousand innocent tasks, is given up as POISONED; they all complete", () =>
    inFolder(async (folder) => {
      expect(await supervise({ directory: folder, harm: "abort", innocents: 1_000 })).toBe(7);
      expect(await left(folder)).toEqual({ completed: 1_000, guilty: "POISONED", deaths: 7 });
    }));
});
