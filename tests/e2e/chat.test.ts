import { readFile, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createOmniForge } from "omniforge";
import {
  noTerminal,
  omniforge,
  onTerminal,
  place,
  program,
  screen,
  type Ended,
  type Place,
} from "./program.ts";

const why = noTerminal();

// Real processes, of which a busy machine starts one in seconds.
vi.setConfig({ testTimeout: 120_000 });

let here: Place;

beforeEach(async () => {
  here = await place({ "omniforge.config.mjs": echo });
});
afterEach(() => here.remove());

/** A model that says what was said, and how many messages it has heard of; `slowly`: once it may go. */
const echo = `
import { existsSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { defineAgent, defineConfig, fileTools } from "omniforge";
import { scriptedModel } from "omniforge/testing";
const model = scriptedModel(async ({ said, tools }) => {
  if (tools.includes("listen")) throw new Error("listen is nobody's to call");
  while (said.at(-1).startsWith("slowly") && !existsSync("go")) await setTimeout(20);
  return { text: "Heard " + said.length + ": " + said.at(-1) };
});
export default defineConfig({
  agents: [defineAgent({ name: "echo", instructions: "", tools: fileTools })],
  models: { "my:echo": model },
  model: "my:echo",
});
`;

const go = (): Promise<void> => writeFile(here.path("go"), "");

const chat = (input: string, ...words: string[]): Promise<Ended> =>
  program("main", ["chat", ...words, ...here.data], { input, folder: here.workspace }).ended;

async function tasks(): Promise<{ task: string; state: string }[]> {
  const { stdout } = await omniforge("tasks", "--json", ...here.data);
  return stdout
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { task: { task: string; state: string } }).task);
}

describe("omniforge chat", () => {
  it("is one task, which waits between messages and goes on when it is started again", async () => {
    const first = await chat("one\ntwo\n");
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toContain("Model: my:echo (the config file says so).");
    expect(first.stdout).toMatch(/» one\n\nHeard 1: one\n» two\n\nHeard 2: two\n/);
    expect(first.stdout).toMatch(/say \w+ 'your message'/);
    const second = await chat("three\n");
    expect(second.stdout).toMatch(/Going on with conversation \w+\./);
    expect(second.stdout).toContain("Heard 3: three");
    expect(await tasks()).toMatchObject([{ state: "input-required" }]);
    const third = await chat("/end\n");
    expect(third.stdout).toContain("✓ completed");
    expect(await tasks()).toMatchObject([{ state: "completed" }]);
    expect((await chat("again\n")).stdout).toContain("Heard 1: again");
    expect(await tasks()).toHaveLength(2);
  });

  it("goes on after kill -9 in the middle of an answer, and asks nothing twice", async () => {
    await chat("one\n");
    const killed = program("main", ["chat", ...here.data], { input: "slowly two\n", folder: here.workspace });
    await killed.says("» slowly two");
    killed.child.kill("SIGKILL");
    await killed.ended;
    await go();
    const { stdout } = await chat("three\n");
    expect(stdout).toContain("Heard 2: slowly two");
    expect(stdout).toContain("Heard 3: three");
  });

  it("takes what is said from elsewhere, also while no process runs it", async () => {
    await chat("one\n");
    const { code, stdout } = await omniforge("say", "last", "from elsewhere", ...here.data);
    expect(code).toBe(0);
    expect(stdout).toMatch(/The message is recorded in task \w+\. No process runs it/);
    const next = await chat("three\n");
    expect(next.stdout).toContain("Heard 2: from elsewhere");
    expect(next.stdout).toContain("Heard 3: three");
  });

  it("goes on with a message that was recorded, and whose sender was gone before it could wake anybody", async () => {
    await chat("one\n");
    const client = await createOmniForge({ dataDirectory: here.data[1], work: false });
    const [{ task } = { task: "" }] = await tasks();
    await client.say(task, "and gone");
    await client.close();
    expect((await chat("")).stdout).toContain("Heard 2: and gone");
  });

  it("begins another one where it is told to, and goes on with the one that is named", async () => {
    await chat("one\n");
    await chat("another\n", "--new");
    const [, older] = await tasks();
    const { stdout } = await chat("two\n", older?.task ?? "");
    expect(stdout).toContain("Heard 2: two");
    await omniforge("run", "list", "--workspace", here.workspace, ...here.data);
    const refused = await chat("x\n", "last");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("has ended");
  });

  it("begins nothing where nothing is said", async () => {
    expect(await chat("\n\n")).toMatchObject({ code: 0, stderr: "" });
    expect((await omniforge("tasks", ...here.data)).stdout).toContain("There are no tasks here yet.");
  });

  it("writes lines of JSON for programs", async () => {
    const { stdout } = await chat("one\n", "--json");
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
    expect(lines.at(-1)).toMatchObject({ type: "task", task: { state: "input-required" } });
  });
});

describe("a message", () => {
  it("reaches a task that runs, whose next turn takes it", async () => {
    const running = program("main", ["run", "slowly one", ...here.data], { folder: here.workspace });
    await running.says("» slowly one");
    await omniforge("say", "last", "and two", ...here.data);
    await go();
    const { stdout, code } = await running.ended;
    expect(code).toBe(0);
    expect(stdout).toContain("» and two");
    expect(stdout).toContain("Heard 2: and two");
  });
});

describe("omniforge watch", () => {
  it("shows what goes on elsewhere, and a task that goes on nowhere as it is", async () => {
    const running = program("main", ["run", "slowly one", ...here.data], { folder: here.workspace });
    await running.says("» slowly one");
    const watching = program("main", ["watch", "last", ...here.data]);
    await watching.says("» slowly one");
    await go();
    const seen = await watching.ended;
    expect(seen.stdout).toContain("Heard 1: slowly one");
    expect(seen.stdout).toContain("✓ completed");
    await running.ended;
    await chat("left open\n");
    const nowhere = await omniforge("watch", "last", ...here.data);
    expect(nowhere.code).toBe(0);
    expect(nowhere.stdout).toContain("The task waits for you.");
  });

  it("leaves the task running when it is interrupted, and says so", async () => {
    const running = program("main", ["run", "slowly one", ...here.data], { folder: here.workspace });
    await running.says("» slowly one");
    const watching = program("main", ["watch", "last", ...here.data]);
    await watching.says("» slowly one");
    watching.child.kill("SIGINT");
    const { code, stdout } = await watching.ended;
    expect(code).toBe(130);
    expect(stdout).toContain("Detached; the task goes on where it runs. Ctrl-C again cancels the task.");
    await go();
    expect((await running.ended).stdout).toContain("✓ completed");
  });
});

describe("omniforge erase", () => {
  it("deletes what was said in a task that has ended, and no other", async () => {
    await chat("a secret\n");
    const refused = await omniforge("erase", "last", ...here.data);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("TASK_NOT_ENDED");
    await omniforge("cancel", "last", ...here.data);
    expect((await omniforge("erase", "last", ...here.data)).code).toBe(0);
    const shown = await omniforge("show", "last", ...here.data);
    expect(shown.stdout).toContain("was erased");
    const files = await readFile(`${here.data[1]}/omniforge.db`, "latin1");
    expect(files).not.toContain("a secret");
  });
});

describe.skipIf(why !== undefined)(
  `a conversation on a terminal${why === undefined ? "" : ` (skipped: ${why})`}`,
  () => {
    it("shows each message once, and takes what is typed ahead", async () => {
      const talking = onTerminal(["chat", ...here.data], { folder: here.workspace }, "main");
      await talking.says("\n» ".replace("\n", "\r\n"));
      talking.child.stdin?.write("one\n");
      await talking.says("Heard 1: one");
      await talking.says("\r\n» ");
      talking.child.stdin?.write("two\nthree\n");
      await talking.says("Heard 3: three");
      await new Promise((resolve) => setTimeout(resolve, 500));
      talking.child.stdin?.write("/exit\n");
      const { code, stdout } = await talking.ended;
      expect(code).toBe(0);
      const shown = screen(stdout);
      for (const said of ["one", "two", "three"]) expect(shown.split(`» ${said}`)).toHaveLength(2);
      expect(shown).toContain("The task waits for you.");
    });
  },
);
