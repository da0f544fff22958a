/** Workers, servers and clients as people start them: processes of their own over one Temporal server. */
import { readFile, writeFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { Client } from "@temporalio/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { workflowBundle } from "../../packages/temporal/src/bundle.ts";
import { place, program, type Place, type Program } from "../e2e/program.ts";
import { freePort } from "../free-port.ts";
import { textIn } from "./history.ts";
import { createPlace } from "./namespace.ts";
import { patience, skipped, startServer, type TestServer } from "./server.ts";
import { until } from "./world.ts";

/** An agent whose tool notes which process begins it, and takes until it may go on. */
const config = `
import { appendFileSync, existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { defineAgent, defineConfig, defineTool } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { z } from "zod";
const beside = (name: string) => new URL(name, import.meta.url);
const wait = defineTool({
  name: "wait",
  description: "",
  parameters: z.object({}),
  effects: "none",
  async execute(_given, { signal }) {
    appendFileSync(beside("begun"), process.pid + "\\n");
    while (!existsSync(beside("go"))) await sleep(20, undefined, { signal });
    return "waited";
  },
});
export default defineConfig({
  agents: [defineAgent({ name: "waiter", instructions: "", tools: [wait] })],
  models: {
    "my:model": scriptedModel(({ said, results }) =>
      said[0] === "wait" && results.length === 0 ? { calls: [{ name: "wait" }] } : { text: "it is done" },
    ),
  },
  model: "my:model",
  backend: "temporal",
  durability: "process",
});
`;

describe.skipIf(skipped !== "")(`processes on Temporal${skipped}`, { timeout: patience }, () => {
  let server: TestServer;
  let here: Place;
  let environment: Record<string, string>;
  const running: Program[] = [];
  const warnings = new Map<Program, string>();
  const relays: Server[] = [];

  beforeAll(async () => {
    server = await startServer();
    await workflowBundle();
  }, patience);
  afterAll(() => server.stop());
  beforeEach(async () => {
    here = await place({ "omniforge.config.ts": config });
    const { address, namespace } = await createPlace(server);
    environment = { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
  });
  afterEach(async () => {
    for (const one of running.splice(0)) {
      one.child.kill("SIGKILL");
      await one.ended;
    }
    for (const relay of relays.splice(0)) relay.close();
    await here.remove();
  });

  function start(words: readonly string[], more: Readonly<Record<string, string>> = {}): Program {
    const started = program("main", [...words, ...here.data], {
      folder: here.workspace,
      environment: { ...environment, ...more },
    });
    running.push(started);
    warnings.set(started, "");
    started.child.stderr?.on("data", (text: string) => {
      warnings.set(started, `${warnings.get(started)}${text}`);
    });
    return started;
  }

  const warns = (one: Program, text: string): Promise<true> =>
    until(() => (warnings.get(one)?.includes(text) ? true : undefined), patience);

  async function startWorker(...words: readonly string[]): Promise<Program> {
    const worker = start(["worker", ...words]);
    await worker.says("The worker runs tasks");
    return worker;
  }

  async function startServing(...words: readonly string[]): Promise<{ serving: Program; url: string }> {
    const port = await freePort();
    const serving = start(["serve", "--port", String(port), ...words]);
    await serving.says("OmniForge listens");
    return { serving, url: `http://127.0.0.1:${port}` };
  }

  const begun = async (): Promise<string[]> =>
    (await readFile(here.path("begun"), "utf8").catch(() => "")).split("\n").filter(Boolean);
  const begins = (times: number): Promise<string[]> =>
    until(async () => {
      const processes = await begun();
      return processes.length >= times ? processes : undefined;
    }, patience);
  const go = (): Promise<void> => writeFile(here.path("go"), "");

  const readiness = async (url: string): Promise<unknown> => (await fetch(`${url}/readyz`)).json();

  async function submit(url: string, text: string): Promise<string> {
    const response = await fetch(`${url}/api/v1/agents/waiter/tasks`, {
      method: "POST",
      headers: { "Content-Type": "text/plain" },
      body: text,
    });
    return z.object({ task: z.string() }).parse(await response.json()).task;
  }

  const ended = (url: string, task: string): Promise<unknown> =>
    until(async () => {
      const body: unknown = await (await fetch(`${url}/api/v1/tasks/${task}`)).json();
      return z.object({ state: z.string() }).parse(body).state === "completed" ? body : undefined;
    }, patience);

  test("workers wait for the server, a server that works nothing hands them tasks, and one takes over from another", async () => {
    const port = await freePort();
    const first = start(["worker"], { TEMPORAL_ADDRESS: `127.0.0.1:${port}` });
    await warns(first, `no Temporal server answers at 127.0.0.1:${port}`);
    await warns(first, "Waiting for it");
    const relay = createServer((socket) => {
      const [host = "", to = ""] = server.address.split(":");
      const upstream = connect(Number(to), host);
      socket.pipe(upstream).pipe(socket);
      socket.on("error", () => upstream.destroy());
      upstream.on("error", () => socket.destroy());
    }).listen(port, "127.0.0.1");
    relays.push(relay);
    await first.says("The worker runs tasks");

    const { url } = await startServing();
    expect(await readiness(url)).toMatchObject({ status: "ready", workers: "ok" });
    const task = await submit(url, "wait");
    expect(await begins(1)).toEqual([String(first.child.pid)]);
    const second = await startWorker();
    first.child.kill("SIGKILL");
    expect(await begins(2)).toEqual([String(first.child.pid), String(second.child.pid)]);
    await go();
    expect(await ended(url, task)).toMatchObject({ state: "completed" });

    // From a third process, which works nothing either.
    const ran = await start(["run", "hello", "--no-work"]).ended;
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toContain("it is done");
  });

  test("what the config file says of workers, summaries and reconciling is so in `omniforge worker`", async () => {
    const temporal = `temporal: {
    summarize: ({ tool }) => "a call of " + tool,
    worker: { identity: "by-the-file", maximumWorkflowTasks: 2, maximumCachedTasks: 10 },
    reconcile: { everyMs: 200, quietMs: 500 },
  },`;
    await writeFile(
      here.path("omniforge.config.ts"),
      config.replace("durability:", `${temporal}\n  durability:`),
    );
    await startWorker("--concurrency", "5");
    const { url } = await startServing();
    const task = await submit(url, "wait");
    await begins(1);
    const client = new Client({
      connection: server.client.connection,
      namespace: environment["TEMPORAL_NAMESPACE"] ?? "",
    });
    const { events } = await client.workflow.getHandle(task).fetchHistory();
    const called = events?.find(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === "callTool",
    );
    expect(textIn(called?.userMetadata)).toContain('"a call of wait"');
    expect(events?.map((event) => event.workflowTaskStartedEventAttributes?.identity)).toContain(
      "by-the-file",
    );

    // By its own times a reconciler looks every five seconds: right after the first one it has just looked.
    let tookMs = 0;
    for (const one of [task, await submit(url, "wait")]) {
      const execution = client.workflow.getHandle(one);
      await until(() => execution.describe().catch(() => undefined), patience);
      const since = Date.now();
      await execution.terminate();
      await until(async () => {
        const body: unknown = await (await fetch(`${url}/api/v1/tasks/${one}`)).json();
        return z.object({ state: z.string() }).parse(body).state === "failed" || undefined;
      }, patience);
      tookMs = Date.now() - since;
    }
    expect(tookMs).toBeLessThan(3_500);
  });

  test("a worker that is told to stop lets what runs finish, and ends in good order", async () => {
    const { url } = await startServing();
    const worker = await startWorker("--grace", "60");
    const task = await submit(url, "wait");
    await begins(1);
    worker.child.kill("SIGTERM");
    await worker.says("has 60 s to finish");
    await startWorker();
    await go();
    const { code, stdout } = await worker.ended;
    expect(code).toBe(0);
    expect(stdout).toContain("The worker has stopped.");
    await ended(url, task);
    expect(await begun()).toEqual([String(worker.child.pid)]);
  });

  test("a task that nobody takes is told of, and begins when somebody does", async () => {
    const { serving, url } = await startServing();
    expect(await readiness(url)).toMatchObject({ status: "ready", engine: "ok", workers: "none" });
    const since = Date.now();
    const task = await submit(url, "hello");
    await warns(serving, "nobody takes tasks from the queue omniforge");
    console.log(`nobody polls: told after ${Date.now() - since} ms`);
    const worker = await startWorker();
    await ended(url, task);
    expect(await readiness(url)).toMatchObject({ workers: "ok" });

    // The server takes one that has just died for alive, but what it was to take is left lying.
    worker.child.kill("SIGKILL");
    await worker.ended;
    await warns(start(["run", "hello", "--no-work"]), "nobody takes tasks from the queue omniforge");
  });

  test("`serve --work` runs its own tasks, which are found by their runs, too", async () => {
    const { url } = await startServing("--work");
    const task = await submit(url, "hello");
    expect(await ended(url, task)).toMatchObject({ state: "completed" });
    const { workflowExecutionInfo } = await server.client.workflowService.describeWorkflowExecution({
      namespace: environment["TEMPORAL_NAMESPACE"] ?? "",
      execution: { workflowId: task },
    });
    const run = workflowExecutionInfo?.execution?.runId ?? "";
    const found = await until(async () => {
      const response = await fetch(`${url}/api/v1/tasks/${run}`);
      return response.ok ? response.json() : undefined;
    }, patience);
    expect(found).toMatchObject({ task, state: "completed" });
    expect((await fetch(`${url}/api/v1/tasks/${crypto.randomUUID()}`)).status).toBe(404);
  });

  test("a server that does not come in the stated time is an error, in one line", async () => {
    const { code, stderr } = await start(["worker", "--wait", "1"], {
      TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}`,
    }).ended;
    expect(code).toBe(1);
    expect(stderr.trim().split("\n").at(-1)).toMatch(/^omniforge: no Temporal server answers at 127.0.0.1/);
  });
});
