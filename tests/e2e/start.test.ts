import { readFile, readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, onTestFailed, vi } from "vitest";
import {
  omniforge,
  place,
  printedCommands,
  program,
  reportTable,
  typed,
  type Ended,
  type Place,
} from "./program.ts";

// Real processes, of which a busy machine starts one in seconds.
vi.setConfig({ testTimeout: 120_000 });

let here: Place;

beforeEach(async () => {
  here = await place();
});
afterEach(() => here.remove());

const start = (pace = "0"): ReturnType<typeof program> =>
  program("start", [here.workspace, ...here.data], { environment: { OMNIFORGE_DEMO_PACE: pace } });

/** Every step of the last task has one outcome, each turn one reply, and the report was written once. */
async function expectNothingTwice(): Promise<void> {
  const shown = await omniforge("show", "last", "--json", ...here.data);
  const lines = shown.stdout.trim().split("\n").map(parseLine);
  const keys = lines.flatMap(({ entry }) =>
    entry?.kind === "reply" || entry?.kind === "result" ? [entry.key] : [],
  );
  expect(keys.length).toBeGreaterThan(0);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.filter((key) => key?.endsWith("/model/0"))).toEqual([
    "1/model/0",
    "2/model/0",
    "3/model/0",
    "4/model/0",
  ]);
  const writes = lines.filter(({ entry }) => entry?.kind === "result" && entry.body?.name === "write");
  expect(writes).toHaveLength(1);
}

interface Line {
  readonly entry?: {
    readonly kind: string;
    readonly key?: string;
    readonly body?: { readonly name?: string };
  };
}

function parseLine(line: string): Line {
  return JSON.parse(line) as Line;
}

async function expectReport(): Promise<void> {
  expect(await readFile(here.path("omniforge-report.md"), "utf8")).toContain(reportTable);
  expect((await readdir(here.workspace)).toSorted()).toEqual(["README.md", "omniforge-report.md", "src"]);
}

describe("npm start without a terminal", () => {
  it("stops at the approval, and goes on with the printed commands, typed as they stand", async () => {
    const first = await start().ended;
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toContain("may I run write with exactly this?");
    const [approve = "", reject, goOn = ""] = printedCommands(first.stdout);
    expect(reject).toMatch(/ --reject 'why not' /);

    const answered = await typed(approve);
    expect(answered).toMatchObject({ code: 0, stderr: "" });
    expect(answered.stdout).toContain("The answer is recorded");
    const second = await typed(goOn);
    expect(second).toMatchObject({ code: 0, stderr: "" });
    expect(second.stdout).toContain("✓ reused read src/many.ts");
    expect(second.stdout).toContain("`src/many.ts` has most: 2 lines");
    await expectReport();
    await expectNothingTwice();
  });

  it("says again what it waits for when it is started again", async () => {
    const first = await start().ended;
    const second = await start().ended;
    expect(second.stdout).toContain("Continuing task");
    expect(printedCommands(second.stdout)).toEqual(printedCommands(first.stdout));
  });

  it("starts a new task once the last has ended", async () => {
    const first = await start().ended;
    const [, reject = ""] = printedCommands(first.stdout);
    await typed(reject);
    const second = await start().ended;
    expect(second.stdout).toContain("✗ write");
    expect(second.stdout).toContain("I did not write the report");
    const third = await start().ended;
    expect(third.stdout).toContain("A new task");
    expect(third.stdout).not.toContain("reused");
  });

  it("prints its first words at once, and the command that kills it", async () => {
    const begun = performance.now();
    const running = start("1");
    await running.says(`kill -9 ${running.child.pid}`);
    const ms = Math.round(performance.now() - begun);
    running.child.kill("SIGKILL");
    console.info(`first words of npm start after ${ms} ms`);
    // A fifth of a second when the machine has nothing else to do; this bound only catches a program that loads first.
    expect(ms).toBeLessThan(5_000);
  });

  it("names npm's own commands when npm has started it", async () => {
    const environment = { npm_lifecycle_event: "start", INIT_CWD: here.workspace };
    const { stdout } = await program("start", [".", ...here.data], { environment }).ended;
    expect(stdout).toContain(`runs a demo on ${here.workspace}`);
    expect(stdout).toMatch(/^ {2}npm run omniforge -- respond \w+ --approve --data \S+$/m);
    expect(stdout).toMatch(/^ {2}npm start -- \S+ --data \S+$/m);
  });
});

describe("npm start, killed", () => {
  it("goes on where it stood after kill -9 at any moment, and does nothing twice", async () => {
    const seed = Date.now() % 1_000_000;
    const random = randomFrom(seed);
    let reused = 0;
    const killed = async (atMost: number): Promise<Ended> => {
      const running = start("0.25");
      await running.says("» ");
      await sleep(random() * atMost);
      running.child.kill("SIGKILL");
      const ended = await running.ended;
      reused += ended.stdout.split("✓ reused").length - 1;
      return ended;
    };
    onTestFailed(() => console.info(`seed ${seed}`));
    for (let kill = 0; kill < 6; kill++) await killed(900);
    const waiting = await start().ended;
    expect(waiting.stdout).toContain("may I run write");
    await typed(printedCommands(waiting.stdout)[0] ?? "");
    for (let kill = 0; kill < 3; kill++) await killed(600);
    const last = await start().ended;
    expect(last).toMatchObject({ code: 0, stderr: "" });
    expect(reused).toBeGreaterThan(0);
    await expectReport();
    const tasks = await omniforge("tasks", "--json", ...here.data);
    // Where the last kills came after the end, the next start began a second task.
    if (tasks.stdout.trim().split("\n").length === 1) await expectNothingTwice();
  });
});

describe("npm start, twice at once", () => {
  it("runs one task, which both show", async () => {
    const both = await Promise.all([start("0.1").ended, start("0.1").ended]);
    for (const { code, stdout, stderr } of both) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain("may I run write with exactly this?");
    }
    const [one, other] = both.map(({ stdout }) => printedCommands(stdout));
    expect(other).toEqual(one);
    await typed(one?.[0] ?? "");
    const ends = await Promise.all([start("0.1").ended, start("0.1").ended]);
    expect(ends.map(({ stdout }) => stdout).join("")).toContain("has most: 2 lines");
    const tasks = await omniforge("tasks", "--json", ...here.data);
    if (tasks.stdout.trim().split("\n").length === 1) await expectNothingTwice();
    await expectReport();
  });
});

/** Small, and the same for the same seed, so that a failure can be looked at again. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
