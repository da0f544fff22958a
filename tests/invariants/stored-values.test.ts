/**
 * What comes from people, models and tools is stored as it can be read again, or refused before anything is stored: an
 * entry that can't be read is a task that can neither run nor end.
 */
import { InputRequired, defineTool, type ToolDefinition } from "omniforge";
import { userMessage, type Json, type Message } from "omniforge/protocol";
import { describe, expect, it } from "vitest";
import { acting, answering } from "./scripts.ts";
import { watched } from "./tools.ts";
import { openWorld, type World } from "./world.ts";

const half = "\uD83D";
const messageOf = (...parts: Message["parts"]): Message => ({ v: 1, role: "user", parts });
const elsewhere: ToolDefinition<unknown>["parameters"] = {
  type: "object",
  properties: { a: { $ref: "https://elsewhere.example/a" } },
};

async function withWorld<Value>(world: World, use: (world: World) => Promise<Value>): Promise<Value> {
  try {
    return await use(world);
  } finally {
    await world.close();
  }
}

describe("an order", () => {
  it.each([
    ["half a character", { message: { message: userMessage(half) } }],
    ["a number that is none", { message: { message: messageOf({ type: "data", value: Number.NaN }) } }],
    ["an id that is none", { message: { id: "", message: userMessage("Hello") } }],
    ["an actor that is none", { message: { message: userMessage("Hello"), actor: half } }],
    ["a limit that is none", { limits: { turns: -1 } }],
  ])("with %s is refused, and nothing is stored", async (_what, order) => {
    await withWorld(openWorld({ script: answering }), async (world) => {
      await expect(world.begin("Begin.", order)).rejects.toMatchObject({ code: "INVALID_INPUT" });
      expect(await world.store.list({ tenant: "acme", limit: 9 })).toEqual([]);
    });
  });
});

describe("a model's reply", () => {
  it("whose usage was miscounted is counted as far as it can be", async () => {
    const usage = { input: Number.NaN, output: -1 };
    await withWorld(openWorld({ script: () => ({ text: "Done.", usage }) }), async (world) => {
      const row = await world.begin();
      expect(await world.model(row, 1)).toEqual({ kind: "answer" });
      expect((await world.of(row, "reply")).map(({ body }) => body.usage)).toEqual([
        { inputTokens: 0, outputTokens: 0 },
      ]);
    });
  });

  it("that calls a tool whose schema can't be checked is recorded, and paid for once", async () => {
    const sound = watched();
    const tool = { ...sound.tool, spec: { ...sound.tool.spec, parameters: elsewhere as Json } };
    await withWorld(openWorld({ script: acting(1), tools: [tool] }), async (world) => {
      const row = await world.begin();
      expect(await world.calls(row, 1)).toMatchObject([{ name: "act", done: true }]);
      expect((await world.of(row, "result")).map(({ body }) => body.error?.code)).toEqual(["INVALID_AGENT"]);
    });
  });
});

describe("a tool", () => {
  it("with a schema that can't be checked is no tool", () => {
    const define = (): unknown =>
      defineTool({ name: "act", description: "", parameters: elsewhere, execute: () => "" });
    expect(define).toThrow(expect.objectContaining({ code: "INVALID_AGENT" }));
  });

  it("that returns much has the whole of it kept beside the log, however it returns it", async () => {
    const much = "x".repeat(200_000);
    for (const output of [much, { much }, { parts: [{ type: "data" as const, value: { much } }] }]) {
      const act = watched(() => output);
      await withWorld(openWorld({ script: acting(1), tools: [act.tool] }), async (world) => {
        const row = await world.begin();
        const [call] = await world.calls(row, 1);
        if (call === undefined) throw new Error("no call");
        await world.tool(row, call);
        const [part] = (await world.of(row, "result")).flatMap(({ body }) => body.parts);
        if (part?.type !== "reference") throw new Error(`a part of type ${part?.type}`);
        const kept = await world.blobs.get(row, part.blob);
        expect([part.preview.length < 10_000, new TextDecoder().decode(kept).includes(much)]).toEqual([
          true,
          true,
        ]);
      });
    }
  });

  it("that asks with half a character is asked for with a whole one", async () => {
    const act = watched(() => {
      throw new InputRequired(`Well${half}?`);
    });
    await withWorld(openWorld({ script: acting(1), tools: [act.tool] }), async (world) => {
      const row = await world.begin();
      const [call] = await world.calls(row, 1);
      if (call === undefined) throw new Error("no call");
      await world.tool(row, call);
      expect((await world.of(row, "request")).map(({ body }) => body.prompt)).toEqual(["Well\uFFFD?"]);
    });
  });

  it.each<[string, Json]>([
    ["is not JSON", Number.NaN],
    ["can't be checked", { $ref: "https://elsewhere.example/a" }],
  ])("that asks with a schema that %s has failed: nobody could answer", async (_what, schema) => {
    const act = watched(() => {
      throw new InputRequired("Well?", schema);
    });
    await withWorld(openWorld({ script: acting(1), tools: [act.tool] }), async (world) => {
      const row = await world.begin();
      const [call] = await world.calls(row, 1);
      if (call === undefined) throw new Error("no call");
      await world.tool(row, call);
      expect((await world.of(row, "result")).map(({ body }) => body.error?.code)).toEqual(["TOOL_FAILED"]);
    });
  });
});
