/** `run` as a program calls it: again after a crash, and beside other people who answer. */
import { setTimeout as delay } from "node:timers/promises";
import { createOmniForge, defineAgent, defineTool, type OmniForge } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { afterAll, afterEach, expect, it } from "vitest";
import { folder } from "./processes.ts";

const directories = folder();
afterAll(directories.remove);
let opened: OmniForge | undefined;
afterEach(() => opened?.close());

const approve = { decision: "approve" } as const;
const act = defineTool({
  name: "act",
  description: "Acts.",
  parameters: { type: "object" },
  effects: "none",
  needsApproval: true,
  execute: () => "done",
});
const agent = defineAgent({ name: "actor", instructions: "Act.", model: "scripted:test", tools: [act] });

async function forgeFor(turns: number): Promise<OmniForge> {
  const model = scriptedModel(({ turn }) =>
    turn <= turns ? { calls: [{ name: "act" }] } : { text: "Done." },
  );
  opened = await createOmniForge({
    dataDirectory: directories.path(`turns-${turns}-${Math.random()}`),
    durability: "process",
    models: { "scripted:test": model },
  });
  return opened;
}

it("asks for nothing that was answered before, when it is called again for the same order", async () => {
  const forge = await forgeFor(2);
  const asked: string[] = [];
  const waiting = await forge.run(agent, "Go.", {
    idempotencyKey: "order",
    answer: ({ id }) => {
      asked.push(id);
      return asked.length === 1 ? approve : undefined;
    },
  });
  const ended = await forge.run(agent, "Go.", {
    idempotencyKey: "order",
    answer: ({ id }) => {
      asked.push(id);
      return approve;
    },
  });
  expect([waiting.state, ended.state, ended.task === waiting.task]).toEqual([
    "input-required",
    "completed",
    true,
  ]);
  expect(asked).toEqual(["1/tool/0", "2/tool/0", "2/tool/0"]);
});

it("waits on, without anybody to ask, where what it was asked has been answered", async () => {
  const forge = await forgeFor(1);
  const { task } = await forge.run(agent, "Go.", { idempotencyKey: "order" });
  await forge.respond(task, "1/tool/0", approve);
  expect(await forge.run(agent, "Go.", { idempotencyKey: "order" })).toMatchObject({ state: "completed" });
});

it("goes on when somebody else answers first, or cancels meanwhile", async () => {
  const forge = await forgeFor(1);
  const answered = await forge.run(agent, "Go.", {
    answer: async ({ id }, task) => {
      await forge.respond(task, id, { decision: "reject" });
      return approve;
    },
  });
  const canceled = await forge.run(agent, "Go.", {
    answer: async (_request, task) => {
      await forge.cancel(task);
      while ((await forge.get(task)).state !== "canceled") await delay(5);
      return approve;
    },
  });
  expect([answered.state, canceled.state]).toEqual(["completed", "canceled"]);
});
