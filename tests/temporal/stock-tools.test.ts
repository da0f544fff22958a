/** What Temporal's own command line shows of a task and does to it: the table "By hand" of docs/temporal.md, row by row. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { defineTool } from "omniforge";
import { stepKey } from "omniforge/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { setUp } from "../../packages/temporal/src/index.ts";
import { createPlace, type Place } from "./namespace.ts";
import { createBench, type Bench } from "./setup.ts";
import { binary, patience, skipped, startServer, type TestServer } from "./server.ts";
import { createWorld, testAgent, until } from "./world.ts";

const noBinary =
  skipped || (binary === undefined ? " (skipped: a server is given, and its command line is not)" : "");
const canary = "CANARY-93fd";
const request = stepKey(2, "tool", 0);

describe.skipIf(noBinary !== "")(`the command line of Temporal${noBinary}`, { timeout: patience }, () => {
  let server: TestServer;
  let place: Place;
  let bench: Bench;
  /** All that it printed in a test. */
  let printed: string[];

  beforeAll(async () => {
    server = await startServer();
    place = await createPlace(server);
    await setUp(place);
  }, patience);
  afterAll(() => server.stop());
  beforeEach(() => {
    bench = createBench({ ...server, namespace: place.namespace });
    printed = [];
  });
  afterEach(() => bench.close());

  async function workflow(...words: readonly string[]): Promise<string> {
    const { address, namespace } = place;
    const all = ["workflow", ...words, "--address", address, "--namespace", namespace];
    // Without its own configuration of whoever runs the tests.
    const env = { PATH: process.env["PATH"], HOME: "/nonexistent" };
    const asked = promisify(execFile)(binary ?? "", all, { env });
    // `delete` asks whether it may.
    asked.child.stdin?.end("y\n");
    const { stdout, stderr } = await asked;
    printed.push(stdout, stderr);
    return stdout;
  }

  /** What of it held anybody's words. */
  const leaks = (): string[] => printed.filter((output) => readable(output).includes(canary));

  /** A task in whose message, arguments, results and answer the canary stands, and that waits for an approval. */
  async function waiting() {
    const performed = { look: 0, pay: 0 };
    const parameters = z.object({ text: z.string() });
    const look = defineTool({
      name: "look",
      description: canary,
      parameters,
      effects: "none",
      execute: ({ text }) => `${++performed.look} ${text}`,
    });
    const pay = defineTool({
      name: "pay",
      description: canary,
      parameters,
      needsApproval: true,
      execute: ({ text }) => `${++performed.pay} ${text}`,
    });
    const world = createWorld({
      tools: [look, pay],
      script: ({ results }) => {
        const name = ["look", "pay"][results.length];
        return name === undefined
          ? { text: canary }
          : { text: canary, calls: [{ name, arguments: { text: canary } }] };
      },
    });
    const agent = testAgent({ name: "payer", instructions: canary, tools: [look, pay] });
    const backend = await bench.open(world);
    const task = await world.create(agent, canary);
    await backend.start(task);
    await until(async () => ((await world.rowOf(task)).parkedAtWakes === null ? undefined : true));
    const id = task.task;
    /** All that can be seen of it. */
    const seen = async (): Promise<string> =>
      readable((await workflow("show", "-w", id, "--detailed")) + (await workflow("describe", "-w", id)));
    return { world, task, id, performed, seen };
  }

  const approve = JSON.stringify({ kind: "answer", request, answer: { decision: "approve" } });
  const signal = (id: string, name: string, ...more: readonly string[]): Promise<string> =>
    workflow("signal", "-w", id, "--name", name, ...more);

  test("lists tasks by agent and state, and shows names, summaries and attributes", async () => {
    const { world, task, id, seen } = await waiting();
    const before = await world.log(task);
    const query =
      'ExecutionStatus = "Running" AND OmniForgeState = "input-required" AND OmniForgeAgent = "payer"';
    const listed = await until(async () => {
      const output = await workflow("list", "--query", query, "--output", "json");
      return output.includes(id) ? output : undefined;
    });
    expect(listed).toContain('"agentTask"');
    for (const attribute of ['"payer"', `"${id}"`, '"input-required"', '"test"'])
      expect(readable(listed)).toContain(attribute);
    const all = await seen();
    expect(all).toMatch(/workflowType.name: agentTask/);
    expect(all).toMatch(/activityType.name: callModel/);
    expect(all).toMatch(/activityType.name: callTool(?:(?!-----)[^])*userMetadata.summary: look\n/);
    expect(all).toMatch(/userMetadata.summary: payer\n/);
    expect(all).toMatch(/StaticSummary +"payer"/);
    for (const name of ["Agent", "Tenant", "Root", "State"]) expect(all).toContain(`OmniForge${name}`);
    // Payloads are read as well as what is printed plainly.
    expect(readable(Buffer.from(`"${canary}"`).toString("base64"))).toContain(canary);
    expect(await world.log(task)).toEqual(before);
    expect(await world.rowOf(task)).toMatchObject({ state: "input-required" });
    expect(leaks()).toEqual([]);
  });

  test("a wake changes nothing, and an answer by signal has the task go on", async () => {
    const { world, task, id, performed, seen } = await waiting();
    const before = await world.log(task);
    await signal(id, "wake");
    await until(async () => ((await seen()).includes("signalName: wake") ? true : undefined));
    await signal(id, "provide_human_input", "--input", '{"kind": "answer"}');
    expect(await world.log(task)).toEqual(before);
    await signal(id, "provide_human_input", "--input", approve);
    expect(await world.ended(task)).toMatchObject({ state: "completed", pending: [] });
    expect(performed).toEqual({ look: 1, pay: 1 });
    await until(async () => (/Status +COMPLETED/.test(await seen()) ? true : undefined));
    expect(leaks()).toEqual([]);
  });

  test("cancel ends the task as canceled", async () => {
    const { world, task, id, performed, seen } = await waiting();
    await workflow("cancel", "-w", id);
    expect(await world.ended(task)).toMatchObject({ state: "canceled", pending: [] });
    expect(performed).toEqual({ look: 1, pay: 0 });
    await until(async () => (/Status +CANCELED/.test(await seen()) ? true : undefined));
    expect(leaks()).toEqual([]);
  });

  test.each(["terminate", "delete"])("%s ends the task as failed, and says so", async (command) => {
    const { world, task, id, performed, seen } = await waiting();
    await seen();
    await workflow(command, "-w", id);
    expect(await world.ended(task, 15_000)).toMatchObject({ state: "failed", pending: [] });
    expect((await world.entries(task, "ended"))[0]?.body.error?.code).toBe("ENGINE_CLOSED");
    expect(performed).toEqual({ look: 1, pay: 0 });
    expect(leaks()).toEqual([]);
  });

  test("reset repeats nothing: a waiting task goes on waiting, and one that has ended stays as it is", async () => {
    const { world, task, id, performed, seen } = await waiting();
    const reset = (): Promise<string> =>
      workflow("reset", "-w", id, "--event-id", "4", "--reason", "by hand");
    const { currentRun } = await world.rowOf(task);
    await reset();
    await until(async () => (await world.rowOf(task)).currentRun !== currentRun || undefined);
    expect(await world.rowOf(task)).toMatchObject({ state: "input-required" });
    await signal(id, "provide_human_input", "--input", approve);
    expect(await world.ended(task)).toMatchObject({ state: "completed" });
    await until(async () => (/Status +COMPLETED/.test(await seen()) ? true : undefined));
    const before = await world.log(task);
    await reset();
    await until(async () => (/Status +COMPLETED/.test(await seen()) ? true : undefined));
    expect(await world.log(task)).toEqual(before);
    expect(performed).toEqual({ look: 1, pay: 1 });
    expect(leaks()).toEqual([]);
  });
});

/** With the payloads that it shows as they are encoded. */
function readable(output: string): string {
  const payloads = output.match(/[A-Za-z0-9+/]{8,}={0,2}/g) ?? [];
  return [output, ...payloads.map((one) => Buffer.from(one, "base64").toString("utf8"))].join("\n");
}
