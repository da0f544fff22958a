/** A log's tasks are in one namespace: another one, or a server that lost its data, ends none of them. */
import { rmSync } from "node:fs";
import { askHumanTool } from "omniforge";
import { OmniForgeError, stepKey, type TaskReference } from "omniforge/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openMortal } from "./mortal.ts";
import { createPlace } from "./namespace.ts";
import { patience, skipped, startServer, type TestServer } from "./server.ts";
import { createBench, type Bench } from "./setup.ts";
import { createWorld, testAgent, until, type TestWorld } from "./world.ts";

describe.skipIf(skipped !== "")(
  `where a log's tasks are on Temporal${skipped}`,
  { timeout: patience },
  () => {
    let server: TestServer;
    let bench: Bench;
    beforeAll(async () => {
      server = await startServer();
    });
    afterAll(() => server.stop());
    beforeEach(() => {
      bench = createBench(server);
    });
    afterEach(() => bench.close());

    const agent = testAgent({ tools: [askHumanTool] });
    const asking = (): TestWorld =>
      createWorld({
        tools: [askHumanTool],
        script: ({ results }) =>
          results.length === 0
            ? { calls: [{ name: "ask_human", arguments: { question: "Well?" } }] }
            : { text: `heard ${results[0]?.text}` },
      });
    const waits = (world: TestWorld, task: TaskReference): Promise<true> =>
      until(async () => ((await world.rowOf(task)).parkedAtWakes === null ? undefined : true));

    test("another namespace is refused while tasks are under way; taken over, they go on there", async () => {
      const world = asking();
      const backend = await bench.open(world);
      const task = await world.create(agent);
      await backend.start(task);
      await waits(world, task);

      const { namespace } = await createPlace(server);
      for (const work of [true, false]) {
        const refused: unknown = await bench
          .open(world, { namespace, work })
          .catch((thrown: unknown) => thrown);
        expect(refused).toMatchObject({ code: "ENGINE_ELSEWHERE" });
        expect(String(refused)).toContain(`namespace ${server.namespace} at ${server.address}`);
      }
      await backend.close();

      const there = await bench.open(world, { namespace, takeOver: true });
      await until(async () => ((await there.describe(task)) === "running" ? true : undefined));
      const answer = { decision: "answer", value: "yes" } as const;
      await world.say(task, { kind: "answer", request: stepKey(1, "tool", 0), answer });
      await there.wake(task);
      expect(await world.ended(task)).toMatchObject({ state: "completed" });
      expect((await world.entries(task, "ended"))[0]?.body).toMatchObject({ parts: [{ text: "heard yes" }] });
      expect(await world.entries(task, "reply")).toHaveLength(2);
      await expect(bench.open(world)).resolves.toMatchObject({ name: "temporal" });
    });

    test("who stayed behind while a log moved starts nothing there: its new task runs where the log is now", async () => {
      const world = asking();
      const before = await bench.open(world, { work: false });
      const { namespace } = await createPlace(server);
      await bench.open(world, { namespace });
      const task = await world.create(agent);
      await expect(before.start(task)).rejects.toMatchObject({ code: "ENGINE_ELSEWHERE" });
      await waits(world, task);
      expect((await world.rowOf(task)).endedSeq).toBeNull();
    });

    test("a server that came back without its data ends nothing: its workers say so, and the tasks can be taken over", async (context) => {
      const { server: mortal, file } = await openMortal(context);
      const own = createBench(mortal);
      const world = asking();
      const backend = await own.open(world, { reconcile: { everyMs: 300, quietMs: 300 } });
      const task = await world.create(agent);
      await backend.start(task);
      await waits(world, task);

      await mortal.kill();
      rmSync(file);
      await mortal.restart();
      await until(async () => own.errors.find((error) => OmniForgeError.is(error, "ENGINE_ELSEWHERE")));
      expect((await world.rowOf(task)).endedSeq).toBeNull();
      await expect(backend.wake(task)).rejects.toThrow("which has lost its data since");
      await expect(backend.cancel(task)).rejects.toThrow("which has lost its data since");
      await expect(own.open(world)).rejects.toThrow("which has lost its data since");
      await backend.close();

      const again = await own.open(world, { takeOver: true });
      const answer = { decision: "answer", value: "yes" } as const;
      await world.say(task, { kind: "answer", request: stepKey(1, "tool", 0), answer });
      await again.wake(task);
      expect(await world.ended(task)).toMatchObject({ state: "completed" });
      await own.close();
    });

    test("what is ended from outside is heard of from the server's list, however many wait", async () => {
      const world = asking();
      const everMs = 3_600_000;
      const backend = await bench.open(world, { reconcile: { everyMs: 300, quietMs: everMs } });
      const [ended, waiting] = [await world.create(agent), await world.create(agent)];
      for (const task of [ended, waiting]) await backend.start(task);
      for (const task of [ended, waiting]) await waits(world, task);
      await server.client.workflow.getHandle(ended.task).terminate();
      expect(await world.ended(ended)).toMatchObject({ state: "failed" });
      expect((await world.entries(ended, "ended"))[0]?.body).toMatchObject({
        error: { code: "ENGINE_CLOSED" },
      });
      expect((await world.rowOf(waiting)).endedSeq).toBeNull();
    });
  },
);
