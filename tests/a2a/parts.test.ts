/** Files and data, in and out. */
import { ContentTypeNotSupportedError } from "@a2a-js/sdk/errors";
import type { Part } from "@a2a-js/sdk";
import { defineAgent, defineTool } from "omniforge";
import type { Conversation } from "omniforge/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { collect } from "./gates.ts";
import {
  answerOf,
  data,
  file,
  message,
  openStage,
  request,
  stateOf,
  taskOf,
  text,
  textIn,
  transports,
  type Stage,
} from "./stage.ts";

const helper = defineAgent({ name: "helper", instructions: "Help." });
const counter = defineAgent({
  name: "counter",
  instructions: "Count.",
  output: z.object({ count: z.number() }),
});

/** What the model was shown of the last message. */
const shown = ({ prompt }: Conversation): { text: string } => {
  const last = prompt.findLast(({ role }) => role === "user")?.content;
  return {
    text: JSON.stringify(last, (_key, value: unknown) => (value instanceof Uint8Array ? "bytes" : value)),
  };
};

describe.each(transports)("over %s", (transport) => {
  it("data and files reach the model, and come back in the history", async () => {
    await using stage = await openStage([helper], shown);
    const client = await stage.client("helper", transport);
    const png = "89504e470d0a1a0a".repeat(10_000);
    const parts = [
      text("See:"),
      data({ rows: [1, "two", null] }),
      file(png, "image/png", "a.png"),
      file("a,b", "text/csv", "t.csv"),
    ];
    const task = taskOf(await client.sendMessage(request(parts)));
    expect(stateOf(task)).toBe("TASK_STATE_COMPLETED");
    expect(answerOf(task)).toContain('{\\"rows\\":[1,\\"two\\",null]}');
    expect(answerOf(task)).toContain("image/png");
    const [said] = task.history;
    expect(said?.parts.map(({ content }) => content)).toEqual(parts.map(({ content }) => content));
    expect(said?.parts.map(({ filename }) => filename)).toEqual(["", "", "a.png", "t.csv"]);
  });

  it("an answer by schema is data", async () => {
    await using stage = await openStage([counter], () => ({ text: '{"count": 3}' }));
    const client = await stage.client("counter", transport);
    const { artifacts } = taskOf(await client.sendMessage(request("Count.")));
    expect(artifacts).toMatchObject([{ artifactId: "answer" }]);
    expect(artifacts[0]?.parts.map(({ content }) => content)).toContainEqual({
      $case: "data",
      value: { count: 3 },
    });
  });

  it("what a tool makes is an artifact of its name, in the task and in the stream", async () => {
    const held: { stage?: Stage } = {};
    const write = defineTool({
      name: "write_report",
      description: "Writes a report.",
      parameters: z.object({}),
      effects: "idempotent",
      execute: async (_nothing, { tenant, task }) => {
        const blob = await held.stage?.forge.world.blobs.put({ tenant, task }, Buffer.from("# Report"));
        return { parts: [{ type: "artifact", name: "report.md", ...(blob && { blob }) }] };
      },
    });
    const writer = defineAgent({ name: "writer", instructions: "Write.", tools: [write] });
    await using stage = await openStage([writer], ({ turn }) =>
      turn === 1 ? { calls: [{ name: "write_report" }] } : { text: "Written." },
    );
    held.stage = stage;
    const client = await stage.client("writer", transport);
    const sent = message("Go.");
    const events = await collect(client.sendMessageStream(request(sent)));
    const streamed = events.flatMap(({ payload }) =>
      payload?.$case === "artifactUpdate" && payload.value.artifact ? [payload.value.artifact] : [],
    );
    const { artifacts } = taskOf(await client.sendMessage(request(sent)));
    expect(artifacts.map(({ artifactId }) => artifactId)).toEqual(["report.md", "answer"]);
    expect(streamed).toEqual(artifacts);
    const [part] = artifacts[0]?.parts ?? [];
    expect(part).toMatchObject({
      filename: "report.md",
      mediaType: expect.stringMatching(/markdown|octet/) as string,
    });
    expect(part?.content?.$case === "raw" && part.content.value.toString()).toBe("# Report");
    expect(artifacts[1]?.parts.map(textIn)).toEqual(["Written."]);
  });

  it.each<[string, Part]>([
    ["a type that no model reads", file("MZ", "application/x-msdownload")],
    ["bytes of no type", file("?", "")],
    [
      "a file behind an address",
      { ...text(""), content: { $case: "url", value: "http://169.254.169.254/" } },
    ],
    ["text that calls itself an image", { ...text("hi"), mediaType: "image/png" }],
  ])("%s is refused before anything is stored (3.1.1)", async (_what, part) => {
    await using stage = await openStage([helper], shown);
    const client = await stage.client("helper", transport);
    await expect(client.sendMessage(request([text("See:"), part]))).rejects.toBeInstanceOf(
      ContentTypeNotSupportedError,
    );
    await expect(client.sendMessageStream(request([part])).next()).rejects.toBeInstanceOf(
      ContentTypeNotSupportedError,
    );
    expect(await stage.forge.list()).toEqual([]);
  });
});
