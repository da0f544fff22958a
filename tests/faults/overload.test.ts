/** Tools that take all of their process: its memory, or its time. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inFolder } from "./beside.ts";
import { left } from "./left.ts";
import { runOnce, supervise } from "./run-program.ts";

describe("a tool that ends its process each time", { timeout: 120_000 }, () => {
  it("by using up the memory is given up alike", () =>
    inFolder(async (folder) => {
      const options = { directory: folder, harm: "memory", innocents: 20 } as const;
      expect(await supervise(options, ["--max-old-space-size=60"])).toBe(7);
      expect(await left(folder)).toEqual({ completed: 20, guilty: "POISONED", deaths: 7 });
    }));
});

describe("a tool that blocks its process for seconds", { timeout: 60_000 }, () => {
  it("holds everything up meanwhile, is named in a warning, and then all goes on", () =>
    inFolder(async (folder) => {
      const { code, stderr } = await runOnce({ directory: folder, harm: "block", innocents: 20 });
      expect(code).toBe(0);
      expect(stderr).toMatch(/PROCESS_BLOCKED/);
      expect(stderr).toMatch(/harm \(step 1\/tool\/0 of task task_\w+\)/);
      expect(await left(folder)).toEqual({ completed: 20, guilty: undefined, deaths: 0 });
      expect(new Set(readFileSync(join(folder, "ledger"), "utf8").trim().split("\n")).size).toBe(20);
    }));
});
