import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { omniforge, place, program, request, type Place, type Program } from "./program.ts";

// Real processes, of which a busy machine starts one in seconds.
vi.setConfig({ testTimeout: 120_000 });

let here: Place;

beforeEach(async () => {
  here = await place();
});
afterEach(() => here.remove());

/** At a pace at which there is a middle. */
const slowly = (pace: string): Program =>
  program("start", [here.workspace, ...here.data], { environment: { OMNIFORGE_DEMO_PACE: pace } });

async function stateOfLast(): Promise<string> {
  const { stdout } = await omniforge("tasks", "--json", "--limit", "1", ...here.data);
  const line = JSON.parse(stdout) as { task: { state: string } };
  return line.task.state;
}

describe("cancel", () => {
  it("reaches a task that another process runs, which ends with code 3", async () => {
    const running = slowly("2");
    await running.says("» ");
    const { code, stdout } = await omniforge("cancel", "last", "--reason", "not today", ...here.data);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Task \w+ is canceled\.\n$/);
    const ended = await running.ended;
    expect(ended.code).toBe(3);
    expect(ended.stdout).toContain("cancel requested: not today");
    expect(ended.stdout).toContain("✗ canceled");
  });

  it("ends a task that no process runs", async () => {
    await omniforge("run", request, "--workspace", here.workspace, ...here.data);
    const { code, stdout } = await omniforge("cancel", "last", ...here.data);
    expect(code).toBe(0);
    expect(stdout).toMatch(/is canceled/);
    expect(await stateOfLast()).toBe("canceled");
    const again = await omniforge("cancel", "last", ...here.data);
    expect(again.code).toBe(0);
    const answer = await omniforge("respond", "last", "--approve", ...here.data);
    expect(answer.code).toBe(2);
    expect(answer.stderr).toContain("waits for nobody: it is canceled");
  });

  it("ends a task whose process was killed", async () => {
    const running = slowly("2");
    await running.says("» ");
    running.child.kill("SIGKILL");
    await running.ended;
    await omniforge("cancel", "last", ...here.data);
    expect(await stateOfLast()).toBe("canceled");
    const { stdout } = await slowly("0").ended;
    expect(stdout).toContain("A new task");
  });
});

describe("Ctrl-C", () => {
  it("once stops gracefully and says how to go on, which counts no death", async () => {
    const running = slowly("1");
    await running.says("» ");
    running.child.kill("SIGINT");
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: "" });
    expect(stdout).toContain("Stopped. Nothing is lost; go on with\n");
    const next = await slowly("0").ended;
    expect(next.stdout).toContain("Continuing task");
    expect(next.stdout).not.toContain("was killed");
    expect(next.stdout).toContain("may I run write");
  });

  it("twice cancels the task", async () => {
    const running = slowly("2");
    await running.says("» ");
    running.child.kill("SIGINT");
    await running.says("Ctrl-C again cancels the task");
    await new Promise((resolve) => setTimeout(resolve, 300));
    running.child.kill("SIGINT");
    expect((await running.ended).code).toBe(3);
    expect(await stateOfLast()).toBe("canceled");
  });
});

describe("being told to stop", () => {
  it.each(["SIGTERM", "SIGHUP"] as const)("by %s stops gracefully, which counts no death", async (signal) => {
    const running = slowly("1");
    await running.says("» ");
    running.child.kill(signal);
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: "" });
    expect(stdout).toContain("Stopped. Nothing is lost; go on with\n");
    const next = await slowly("0").ended;
    expect(next.stdout).toContain("Continuing task");
    expect(next.stdout).not.toContain("was killed");
  });
});

describe("respond", () => {
  it("is noticed by the process that runs the task, which then does what was approved", async () => {
    // A second task keeps the process alive while the first waits for a person.
    await omniforge("run", "write notes.md: hello", "--workspace", here.workspace, ...here.data);
    const alive = slowly("40");
    await alive.says("» ");
    const shown = await omniforge("tasks", "--json", ...here.data);
    const waiting = shown.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { task: { task: string; state: string } })
      .find(({ task }) => task.state === "input-required");
    const { stdout } = await omniforge("respond", waiting?.task.task ?? "", "--approve", ...here.data);
    expect(stdout).toContain("It goes on where it runs.");
    await expect
      .poll(() => readFile(here.path("notes.md"), "utf8").catch(() => ""), { timeout: 30_000 })
      .toBe("hello\n");
    alive.child.kill("SIGKILL");
  });

  it("takes the beginning or the end of an id, and refuses one that could be several", async () => {
    await omniforge("run", "list", "--workspace", here.workspace, ...here.data);
    await omniforge("run", request, "--workspace", here.workspace, ...here.data);
    const { stdout } = await omniforge("tasks", "--json", ...here.data);
    const [newest = ""] = stdout.trim().split("\n");
    const { task } = (JSON.parse(newest) as { task: { task: string } }).task;
    expect((await omniforge("show", task.slice(-5), ...here.data)).code).toBe(0);
    const several = await omniforge("show", "task_", ...here.data);
    expect(several.code).toBe(2);
    expect(several.stderr).toContain("could be 2 tasks");
    expect(
      (await omniforge("respond", task.slice(0, 30), "--reject", "no", "--resume", ...here.data)).code,
    ).toBe(0);
  });
});

describe("resume", () => {
  it("goes on with all unfinished tasks, one shown after the other", async () => {
    for (const name of ["one", "two"])
      await omniforge("run", `write ${name}.md: ${name}`, "--workspace", here.workspace, ...here.data);
    const { code, stdout } = await omniforge("resume", "--yes", ...here.data);
    expect(code).toBe(0);
    expect(stdout.split("✓ completed")).toHaveLength(3);
    expect(await readFile(here.path("one.md"), "utf8")).toBe("one\n");
    expect(await readFile(here.path("two.md"), "utf8")).toBe("two\n");
    expect((await omniforge("resume", ...here.data)).stdout).toBe("No task is unfinished.\n");
  });

  it("leaves work to others where it is told to", async () => {
    const { code, stdout } = await omniforge(
      "run",
      "list",
      "--no-work",
      "--workspace",
      here.workspace,
      ...here.data,
    );
    expect(code).toBe(0);
    expect(stdout).toContain("No process runs tasks here.");
    expect((await omniforge("resume", ...here.data)).stdout).toContain("✓ completed");
  });
});
