/** A tool that ends its process each time, beside many innocent tasks. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createOmniForge } from "omniforge";
import { describe, expect, it } from "vitest";
import { isKind } from "../../packages/omniforge/src/protocol/entry.ts";
import { inFolder } from "./beside.ts";
import { runOnce, supervise } from "./run-program.ts";

interface Left {
  readonly completed: number;
  readonly guilty: string | undefined;
  readonly deaths: number;
}

async function left(folder: string): Promise<Left> {
  const forge = await createOmniForge({ dataDirectory: folder, work: false });
  try {
    const [guilty] = await forge.list({ agent: "guilty", limit: 1 });
    const log = await forge.log(guilty?.task ?? "");
    const completed = await forge.list({ agent: "innocent", states: ["completed"], limit: 2_000 });
    return {
      completed: completed.length,
      guilty: log.find(isKind("result"))?.body.error?.code,
      deaths: log.filter(isKind("recovery")).filter(({ body }) => body.steps.includes("1/tool/0")).length,
    };
  } finally {
    await forge.close();
  }
}

describe("a tool that ends its process each time", { timeout: 120_000 }, () => {
  it("by abort, beside a thousand innocent tasks, is given up as POISONED; they all complete", () =>
    inFolder(async (folder) => {
      expect(await supervise({ directory: folder, harm: "abort", innocents: 1_000 })).toBe(7);
      expect(await left(folder)).toEqual({ completed: 1_000, guilty: "POISONED", deaths: 7 });
    }));

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
