/** Processes that are ended by their own tool, paused past their lease, or stopped gracefully. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { isKind } from "../../packages/omniforge/src/protocol/entry.ts";
import { textOf } from "../../packages/omniforge/src/protocol/message.ts";
import { readLedger } from "../../packages/omniforge/src/testing/crash/ledger.ts";
import type { HoldingOptions } from "./program/options.ts";
import { readRun, type RunLeft, type TaskLeft } from "../../packages/omniforge/src/testing/crash/read-run.ts";
import {
  inFreshDirectory,
  startProcess,
  type Started,
} from "../../packages/omniforge/src/testing/crash/run-processes.ts";

const holding = fileURLToPath(new URL("program/holding.ts", import.meta.url));
const poisoned = fileURLToPath(new URL("program/poisoned.ts", import.meta.url));

const results = ({ entries }: TaskLeft): Record<string, string> =>
  Object.fromEntries(
    entries
      .filter(isKind("result"))
      .map(({ key, body }) => [
        `${key} ${body.name}`,
        body.error?.code ?? (textOf(body.parts) || body.status),
      ]),
  );
const recoveries = ({ tasks }: RunLeft): number =>
  tasks.flatMap(({ entries }) => entries.filter(isKind("recovery"))).length;
const byAgent = ({ tasks }: RunLeft, agent: string): TaskLeft => {
  const found = tasks.find(({ row }) => row.agent === agent);
  if (found === undefined) throw new Error(`no task of ${agent}`);
  return found;
};

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 40_000; !holds(); await setTimeout(10))
    if (Date.now() > end) throw new Error(`waited in vain until ${String(holds)}`);
}

/** Stops a process between two writes: one that stands still within a write holds up everybody who writes. */
async function pause({ child }: Started, directory: string): Promise<void> {
  const state = (): string => readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.[0] ?? "";
  const database = new DatabaseSync(join(directory, "omniforge.db"));
  try {
    for (;;) {
      child.kill("SIGSTOP");
      await until(() => state() === "T");
      try {
        database.exec("begin immediate; rollback");
        return;
      } catch {
        // Locked: it was writing.
        child.kill("SIGCONT");
        await setTimeout(5);
      }
    }
  } finally {
    database.close();
  }
}

const hold = (options: Partial<HoldingOptions> & { directory: string; process: number }): Started =>
  startProcess(holding, { leaseMs: 2_000, beatMs: 100, stopGraceMs: 100, orders: ["one"], ...options });
const started = (directory: string, process: number): number =>
  readLedger(directory).filter((line) => line.phase === "start" && line.process === process).length;
const release = (directory: string, process: number): void =>
  writeFileSync(join(directory, `go-${process}`), "");

describe("a tool that kills its process each time", { timeout: 60_000 }, () => {
  it("is given up as POISONED after seven deaths, and everything beside it finishes", () =>
    inFreshDirectory(async (directory) => {
      let deaths = 0;
      for (let process = 0; process < 20; process++) {
        const { code, signal } = await startProcess(poisoned, { directory, process }).exit;
        if (code === 0) break;
        expect(signal).toBe("SIGABRT");
        deaths++;
      }
      const left = await readRun(directory);
      expect(results(byAgent(left, "guilty"))).toEqual({
        "1/tool/0 slow": "slow is done",
        "1/tool/1 boom": "POISONED",
        "1/tool/2 slow": "slow is done",
      });
      expect(results(byAgent(left, "innocent"))).toEqual({ "1/tool/0 slow": "slow is done" });
      expect(left.tasks.map(({ row }) => row.state)).toEqual(["completed", "completed"]);
      expect(deaths).toBe(7);
    }));
});

describe("a process that is paused past its lease", { timeout: 60_000 }, () => {
  it("loses its task to another, and what it writes when it continues is refused", () =>
    inFreshDirectory(async (directory) => {
      const paused = hold({ directory, process: 0 });
      await until(() => started(directory, 0) === 2);
      await pause(paused, directory);
      const successor = hold({ directory, process: 1 });
      await until(() => started(directory, 1) === 1);
      release(directory, 0);
      paused.child.kill("SIGCONT");
      await until(
        () => readLedger(directory).filter((line) => line.phase === "end" && line.process === 0).length === 2,
      );
      // Time for the refused commits of the one, before the other writes its own.
      await setTimeout(100);
      release(directory, 1);
      expect(await successor.exit).toMatchObject({ code: 0, stderr: "" });
      expect(await paused.exit).toMatchObject({ code: 0, stderr: "" });

      const left = await readRun(directory);
      const [task] = left.tasks;
      expect(task && results(task)).toEqual({
        "1/tool/0 hold": "held by process 1",
        "1/tool/1 pay": "TASK_LOST",
      });
      expect(task?.row.state).toBe("completed");
      expect(recoveries(left)).toBe(1);
      expect(
        readLedger(directory).filter((line) => line.phase === "start" && line.key.endsWith("1/tool/1")),
      ).toHaveLength(1);
    }));

  it("counts as alive again once it has continued: nobody takes its next task", () =>
    inFreshDirectory(async (directory) => {
      const paused = hold({ directory, process: 0, orders: ["one", "two"] });
      await until(() => started(directory, 0) === 2);
      await pause(paused, directory);
      const successor = hold({ directory, process: 1, orders: ["one", "three"] });
      await until(() => started(directory, 1) === 1);
      release(directory, 0);
      paused.child.kill("SIGCONT");
      release(directory, 1);
      expect(await paused.exit).toMatchObject({ code: 0, stderr: "" });
      expect(await successor.exit).toMatchObject({ code: 0, stderr: "" });
      const left = await readRun(directory);
      expect(left.tasks.map(({ row }) => row.state)).toEqual(["completed", "completed", "completed"]);
      expect(recoveries(left)).toBe(1);
    }));
});

describe("a process that is told to stop", { timeout: 60_000 }, () => {
  it("exits 0 and counts no death, and its successor finishes", () =>
    inFreshDirectory(async (directory) => {
      const first = hold({ directory, process: 0 });
      await until(() => started(directory, 0) === 2);
      first.child.kill("SIGTERM");
      expect(await first.exit).toMatchObject({ code: 0, stderr: "" });

      release(directory, 1);
      expect(await hold({ directory, process: 1 }).exit).toMatchObject({ code: 0, stderr: "" });
      const left = await readRun(directory);
      expect(left.tasks.map(({ row }) => row.state)).toEqual(["completed"]);
      expect(recoveries(left)).toBe(0);
      // The claim of the once tool stands, so its outcome is unknown; the other one runs again.
      expect(left.tasks.map(results)).toEqual([
        { "1/tool/0 hold": "held by process 1", "1/tool/1 pay": "TASK_LOST" },
      ]);
    }));
});
