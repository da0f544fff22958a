import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  noTerminal,
  omniforge,
  onTerminal,
  place,
  reportTable,
  screen,
  type Place,
  type Program,
} from "./program.ts";

const why = noTerminal();

// Real processes, of which a busy machine starts one in seconds.
vi.setConfig({ testTimeout: 120_000 });

let here: Place;

beforeEach(async () => {
  here = await place();
});
afterEach(() => here.remove());

const start = (environment: Record<string, string> = {}): Program =>
  onTerminal([here.workspace, ...here.data], { environment });

describe.skipIf(why !== undefined)(
  `npm start on a terminal${why === undefined ? "" : ` (skipped: ${why})`}`,
  () => {
    it("asks in place, and goes on with the answer", async () => {
      const running = start();
      await running.says("Approve? y = yes, n = no, e = edit, a = always in this task: ");
      running.child.stdin?.write("perhaps\n");
      await running.says("Please type y, n");
      running.child.stdin?.write("y\n");
      const { code, stdout } = await running.ended;
      expect(code).toBe(0);
      expect(screen(stdout)).toContain("✓ write omniforge-report.md (19 lines)");
      expect(screen(stdout)).toContain("src/many.ts has most: 2 lines");
      expect(await readFile(here.path("omniforge-report.md"), "utf8")).toContain(reportTable);
    });

    it("takes a refusal with its reason to the model", async () => {
      const running = start();
      await running.says("Approve? ");
      running.child.stdin?.write("n\n");
      await running.says("Why? ");
      running.child.stdin?.write("not in this folder\n");
      const { code, stdout } = await running.ended;
      expect(code).toBe(0);
      expect(screen(stdout).replaceAll(/\s+/g, " ")).toContain(
        "I did not write the report: a person refused this call: not in this folder.",
      );
    });

    it("lets somebody else answer while it asks", async () => {
      const running = start();
      await running.says("Approve? ");
      await omniforge("respond", "last", "--approve", ...here.data);
      const { code, stdout } = await running.ended;
      expect(code).toBe(0);
      expect(screen(stdout)).toContain("Somebody else has answered this.");
      expect(screen(stdout)).toContain("✓ completed");
    });

    it("stops at Ctrl-C and says how to go on, and cancels at the second", async () => {
      const stopped = start();
      await stopped.says("Approve? ");
      stopped.child.stdin?.write("\u0003");
      const first = await stopped.ended;
      expect(first.code).toBe(130);
      expect(screen(first.stdout)).toContain("Stopped. Nothing is lost; go on with");
      const canceled = start();
      await canceled.says("Approve? ");
      canceled.child.stdin?.write("\u0003");
      await canceled.says("Ctrl-C again cancels the task");
      await new Promise((resolve) => setTimeout(resolve, 300));
      canceled.child.stdin?.write("\u0003");
      const second = await canceled.ended;
      expect(second.code).toBe(3);
      expect(screen(second.stdout)).toContain("✗ canceled");
    });

    it("fits into 80 columns, in colour unless NO_COLOR is set", async () => {
      for (const [environment, coloured] of [
        [{}, true],
        [{ NO_COLOR: "1" }, false],
      ] as const) {
        const running = start(environment);
        await running.says("Approve? ");
        running.child.stdin?.write("y\n");
        const { stdout } = await running.ended;
        // oxlint-disable-next-line no-control-regex -- colours are what this is about
        expect(/\u001b\[3\dm/.test(stdout)).toBe(coloured);
        const [, ...lines] = screen(stdout).split("\n");
        for (const line of lines.filter((one) => !one.includes("Approve?")))
          expect(line.length).toBeLessThanOrEqual(80);
      }
    });
  },
);
