import { setTimeout as delay } from "node:timers/promises";
import { askHumanTool, createOmniForge, defineTool } from "omniforge";
import { OmniForgeError, stepKey } from "omniforge/protocol";
import { scriptedModel } from "omniforge/testing";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createServer } from "../../packages/omniforge/src/server/index.ts";
import { task as taskShape } from "../../packages/omniforge/src/server/shapes.ts";
import { temporal } from "../../packages/temporal/src/index.ts";
import { createBench } from "./setup.ts";
import { openMortal } from "./mortal.ts";
import { patience, skipped } from "./server.ts";
import { createWorld, testAgent, until } from "./world.ts";

describe.skipIf(skipped !== "")(`a Temporal server that goes away${skipped}`, { timeout: patience }, () => {
  test("comes back to tasks that go on: one in the middle of a turn, one that was answered meanwhile", async (context) => {
    const { server } = await openMortal(context);
    const bench = createBench(server);
    let looks = 0;
    const look = defineTool({
      name: "look",
      description: "",
      parameters: z.object({}),
      effects: "none",
      execute: async () => {
        looks++;
        await delay(100);
        return "seen";
      },
    });
    const world = createWorld({
      tools: [look, askHumanTool],
      script: ({ said, results }) => {
        if (said[0] === "ask" && results.length === 0)
          return { calls: [{ name: "ask_human", arguments: { question: "Well?" } }] };
        return results.length < 20 && said[0] !== "ask" ? { calls: [{ name: "look" }] } : { text: "done" };
      },
    });
    const backend = await bench.open(world);
    const agent = testAgent({ tools: [look, askHumanTool] });
    const busy = await world.create(agent, "look");
    const asking = await world.create(agent, "ask");
    await backend.start(busy);
    await backend.start(asking);
    await until(async () =>
      (await world.rowOf(asking)).parkedAtWakes === null || looks < 3 ? undefined : true,
    );

    const restarted = server.restart();
    await world.say(asking, {
      kind: "answer",
      request: stepKey(1, "tool", 0),
      answer: { decision: "answer", value: "yes" },
    });
    const woken = await backend.wake(asking).catch((thrown: unknown) => thrown);
    expect(woken === undefined || OmniForgeError.is(woken, "ENGINE_UNREACHABLE")).toBe(true);
    await restarted;
    const since = Date.now();
    expect(await world.ended(asking)).toMatchObject({ state: "completed" });
    expect(await world.ended(busy)).toMatchObject({ state: "completed" });
    console.log(
      `a server killed and started again: both tasks ended ${Date.now() - since} ms after its start`,
    );
    expect(await world.entries(busy, "result")).toHaveLength(20);
    expect(looks).toBeLessThanOrEqual(21);
    await bench.close();
  });

  test("is down when a task comes by HTTP: it is taken, and runs when the server is back", async (context) => {
    const { server, folder } = await openMortal(context);
    const agent = testAgent();
    const forge = await createOmniForge({
      dataDirectory: folder,
      backend: temporal({ address: server.address, taskQueue: "http" }),
      agents: [agent],
      models: { "scripted:test": scriptedModel(() => ({ text: "done" })) },
    });
    const app = createServer(forge);
    const ready = async (): Promise<number> => (await app.request("/readyz")).status;
    expect(await ready()).toBe(200);
    await server.kill();

    const began = performance.now();
    const answer = await app.request(`/api/v1/agents/${agent.name}/tasks`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ message: "go" }),
    });
    expect(answer.status).toBe(201);
    const { task, state } = taskShape.parse(await answer.json());
    expect(state).toBe("submitted");
    const tookMs = performance.now() - began;
    const followed = await app.request(`/api/v1/tasks/${task}/events`, {
      headers: { accept: "text/event-stream" },
    });
    expect(await until(async () => ((await ready()) === 503 ? true : undefined))).toBe(true);

    const asked = performance.now();
    const unknown = await app.request(`/api/v1/tasks/${crypto.randomUUID()}`);
    expect(unknown.status).toBe(503);
    expect(await unknown.json()).toMatchObject({ code: "ENGINE_UNREACHABLE" });
    expect(performance.now() - asked).toBeLessThan(5_000);

    await server.restart();
    expect(await followed.text()).toMatch(/"kind":"ended".*"state":"completed"/);
    expect(await until(async () => ((await ready()) === 200 ? true : undefined))).toBe(true);
    console.log(`a task given while the server was down: 201 after ${tookMs.toFixed(0)} ms`);
    await forge.close();
  });

  test("is away when an OmniForge closes: what it was being told ends with it", async (context) => {
    const { server, folder } = await openMortal(context);
    const agent = testAgent();
    const forge = await createOmniForge({
      dataDirectory: folder,
      backend: temporal({ address: server.address, taskQueue: "closing" }),
      work: false,
      models: { "scripted:test": scriptedModel(() => ({ text: "done" })) },
    });
    await server.kill();
    expect(await forge.submit(agent, "go")).toMatchObject({ state: "submitted" });
    await forge.close();
    // The client would try again by now; on a closed connection that is an exception that nobody can catch.
    await delay(3_000);
  });

  test("is what an OmniForge runs on", async (context) => {
    const { server, folder } = await openMortal(context);
    const forge = await createOmniForge({
      dataDirectory: folder,
      backend: temporal({ address: server.address, taskQueue: "e2e" }),
      models: {
        "scripted:test": scriptedModel(({ results }) =>
          results.length === 0
            ? { calls: [{ name: "ask_human", arguments: { question: "Who?" } }] }
            : { text: `hello ${results[0]?.text}` },
        ),
      },
      model: "scripted:test",
    });
    const result = await forge.run(testAgent({ tools: [askHumanTool] }), "greet", {
      answer: () => ({ decision: "answer", value: "Ann" }),
    });
    expect(result).toMatchObject({ state: "completed", engine: "temporal", text: "hello Ann" });
    await forge.close();
  });
});
