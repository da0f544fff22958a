import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { entry, stepKey, type TaskReference } from "omniforge/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createBench, type Bench } from "./setup.ts";
import { patience, skipped, startServer, type TestServer } from "./server.ts";
import { killable, type Hanging } from "./worker-process.ts";
import { createWorld, testAgent, until, type TestWorld } from "./world.ts";

describe.skipIf(skipped !== "")(`kill -9 of a Temporal worker${skipped}`, { timeout: patience }, () => {
  let server: TestServer;
  let bench: Bench;
  let folder: string;
  const processes: ChildProcess[] = [];
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    bench = createBench(server);
    folder = mkdtempSync(join(tmpdir(), "omniforge-kill-"));
  });
  afterEach(async () => {
    for (const one of processes.splice(0)) one.kill("SIGKILL");
    await bench.close();
  });

  async function startWorkerProcess(hang: Hanging): Promise<ChildProcess> {
    const script = join(import.meta.dirname, "worker-process.ts");
    const child = spawn(
      process.execPath,
      ["--conditions=omniforge:source", script, server.address, bench.taskQueue, folder, hang],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    processes.push(child);
    // Ready, or dead already: a step may kill it before it has said so.
    await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    return child;
  }

  const performed = (): string[] => {
    try {
      return readFileSync(join(folder, "performed"), "utf8").trim().split("\n");
    } catch {
      return [];
    }
  };

  /** A client here, and one worker elsewhere that has begun the step. */
  async function begin(
    hang: Hanging,
    step: string,
  ): Promise<{ world: TestWorld; task: TaskReference; worker: ChildProcess }> {
    const setup = killable(folder, "nothing");
    const world = createWorld({ folder, ...setup });
    const client = await bench.open(world, { work: false });
    const worker = await startWorkerProcess(hang);
    const task = await world.create(testAgent({ tools: setup.tools }), "work");
    await client.start(task);
    await until(() => (performed().includes(step) ? true : undefined));
    await bench.open(world);
    return { world, task, worker };
  }

  test.each<{ hang: Hanging; step: string; expected: string[]; text: string }>([
    {
      hang: "look",
      step: "look",
      expected: ["model 1", "look", "look", "model 2", "pay", "model 3"],
      text: "look done, pay done",
    },
    {
      hang: "model",
      step: "model 2",
      expected: ["model 1", "look", "model 2", "model 2", "pay", "model 3"],
      text: "look done, pay done",
    },
    { hang: "pay", step: "pay", expected: ["model 1", "look", "model 2", "pay", "model 3"], text: "unknown" },
  ])(
    "while $step runs: the task goes on, and no finished step is repeated",
    async ({ hang, step, expected, text }) => {
      const { world, task, worker } = await begin(hang, step);
      const killed = Date.now();
      worker.kill("SIGKILL");
      expect(await world.ended(task)).toMatchObject({ state: "completed" });
      console.log(`kill -9 while ${step} ran: ended after ${Date.now() - killed} ms`);
      expect(performed()).toEqual(expected);
      expect(JSON.stringify(await world.entries(task, "ended"))).toContain(text);
      expect((await world.entries(task, "recovery")).flatMap(({ body }) => body.steps)).toHaveLength(1);
    },
  );

  /** A task whose first call kills its worker each time, and workers that are started again until it has ended. */
  async function dying(
    said: "die" | "die beside",
  ): Promise<{ world: TestWorld; task: TaskReference; started: number }> {
    const setup = killable(folder, "nothing");
    const world = createWorld({ folder, ...setup });
    const client = await bench.open(world, { work: false });
    const over = new AbortController();
    let started = 0;
    const supervise = async (): Promise<void> => {
      while (!over.signal.aborted) {
        started++;
        const worker = await startWorkerProcess("nothing");
        if (worker.exitCode === null && worker.signalCode === null) await once(worker, "exit");
      }
    };
    const supervised = supervise();
    const task = await world.create(testAgent({ tools: setup.tools }), said);
    await client.start(task);
    await until(() => (performed().includes("die") ? true : undefined));
    // Spares the test four deaths of the seven that it takes: two among others, five alone.
    for (let at = 0; at < 4; at++) {
      const entries = [entry("recovery", { steps: [stepKey(1, "tool", 0)] })];
      await world.store.commit({ tenant: task.tenant, task: task.task, entries, at: world.now() });
    }
    const row = await world.ended(task);
    over.abort();
    for (const one of processes) one.kill("SIGKILL");
    await supervised;
    expect(row).toMatchObject({ state: "completed" });
    return { world, task, started };
  }

  test("a call that kills its process each time is given up, and the task goes on", async () => {
    const { world, task, started } = await dying("die");
    expect((await world.entries(task, "result"))[0]?.body.error?.code).toBe("POISONED");
    expect(performed().filter((step) => step === "die")).toHaveLength(3);
    expect(started).toBe(4);
  });

  test("a suspected call that waits for one that runs alone is not blamed for its deaths", async () => {
    const { world, task } = await dying("die beside");
    const results = await world.entries(task, "result");
    expect(results.map(({ key, body }) => `${key} ${body.error?.code ?? body.status}`).toSorted()).toEqual([
      "1/tool/0 POISONED",
      "1/tool/1 result",
    ]);
    const blamed = (await world.entries(task, "recovery")).filter(({ body }) =>
      body.steps.includes(stepKey(1, "tool", 1)),
    );
    // Beside it, and until it was suspected itself: two deaths, and none of those that follow.
    expect(blamed.length).toBeLessThanOrEqual(2);
  });

  test("a worker that stops in good order hands its step over, and nothing is counted as a death", async () => {
    const setup = killable(folder, "nothing");
    const hanging = createWorld({ folder, ...killable(folder, "look") });
    const stopping = await bench.open(hanging, { worker: { shutdownGraceMs: 200 } });
    const task = await hanging.create(testAgent({ tools: setup.tools }), "work");
    await stopping.start(task);
    await until(() => (performed().includes("look") ? true : undefined));
    const closed = stopping.close();
    const world = createWorld({ folder, ...setup });
    await bench.open(world);
    await closed;
    const stopped = Date.now();
    expect(await world.ended(task)).toMatchObject({ state: "completed" });
    console.log(`a graceful stop: ended ${Date.now() - stopped} ms after it`);
    expect(performed()).toEqual(["model 1", "look", "look", "model 2", "pay", "model 3"]);
    expect(await world.entries(task, "recovery")).toEqual([]);
  });
});
