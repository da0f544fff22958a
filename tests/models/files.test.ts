/** Files on their way: from a person or a tool, beside the log, and to a model that sees them. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createOmniForge, defineAgent, fileTools, type Entry, type OmniForge } from "omniforge";
import type { Message } from "omniforge/protocol";
import { scriptedModel, type Script } from "omniforge/testing";

let folder = "";
let forge: OmniForge | undefined;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "files-"))));
afterEach(async () => {
  await forge?.close();
  await rm(folder, { recursive: true, force: true });
});

const picture = Buffer.concat([
  Buffer.from("\x89PNG\r\n\x1A\n", "latin1"),
  Buffer.alloc(60_000, "omniforge"),
]);
const bytes = picture.toString("base64");

const photo = (): Message => ({
  v: 1,
  role: "user",
  parts: [
    { type: "text", text: "What is this?" },
    { type: "file", mediaType: "image/png", name: "photo.png", data: bytes },
  ],
});

/** The bytes that the model was shown at each call. */
async function open(
  reference: string,
  script: Script,
  facts: Record<string, { images: boolean }> = {},
): Promise<{ forge: OmniForge; shown: number[]; prompts: string[] }> {
  const shown: number[] = [];
  const prompts: string[] = [];
  const model = scriptedModel((conversation) => {
    const sent = JSON.stringify(conversation.prompt);
    prompts.push(sent);
    shown.push(sent.split(bytes).length - 1);
    return script(conversation);
  }, reference);
  forge = await createOmniForge({
    dataDirectory: join(folder, "data"),
    workspace: folder,
    models: { [reference]: model },
    modelFacts: facts,
  });
  return { forge, shown, prompts };
}

const agentOf = (model: string): ReturnType<typeof defineAgent> =>
  defineAgent({ name: "seer", instructions: "You look.", model, tools: fileTools });

const readsThePicture: Script = ({ results }) =>
  results.length === 0
    ? { calls: [{ name: "read", arguments: { path: "photo.png" } }] }
    : { text: "A dot.", usage: { input: 10, output: 2 } };

const written = (log: readonly Entry[]): string => JSON.stringify(log);

describe("a large file in a message", () => {
  it("lies beside the log, and is shown to the model at every call, after a restart too", async () => {
    const asks: Script = ({ turn }) =>
      turn === 1
        ? { calls: [{ name: "write", arguments: { path: "a", content: "b" } }] }
        : { text: "A dot." };
    const first = await open("openai:seer", asks);
    const { task } = await first.forge.run(agentOf("openai:seer"), photo());
    expect(first.shown).toEqual([1]);
    expect(written(await first.forge.log(task))).not.toContain(bytes.slice(0, 200));
    await first.forge.close();

    const second = await open("openai:seer", asks);
    const [request] = (await second.forge.get(task)).pending;
    await second.forge.respond(task, request?.id ?? "", { decision: "reject" });
    for await (const _ of second.forge.follow(task));
    expect(second.shown).toEqual([1]);
    expect((await second.forge.get(task)).state).toBe("completed");
  });

  it("is kept once when the task is ordered twice", async () => {
    const { forge: one } = await open("openai:seer", () => ({ text: "A dot." }));
    const order = { idempotencyKey: "the same", messageId: "m" };
    const first = await one.submit(agentOf("openai:seer"), photo(), order);
    const second = await one.submit(agentOf("openai:seer"), photo(), order);
    expect(second.task).toBe(first.task);
    for await (const _ of one.follow(first.task));
    expect(await readdir(join(folder, "data", "blobs", "default"))).toEqual([first.task]);
  });
});

describe("an image that a tool reads", () => {
  beforeEach(() => writeFile(join(folder, "photo.png"), picture));

  it.each(["openai:seer", "anthropic:seer", "google:seer"])("is shown to %s", async (reference) => {
    const { forge: one, shown } = await open(reference, readsThePicture);
    const { state, task } = await one.run(agentOf(reference), "look at photo.png");
    expect(state).toBe("completed");
    expect(shown).toEqual([0, 1]);
    expect(written(await one.log(task))).not.toContain(bytes.slice(0, 200));
  });

  it("is named to a model that is not known to see images, and shown where its facts say that it does", async () => {
    const blind = await open("local:seer", readsThePicture);
    expect((await blind.forge.run(agentOf("local:seer"), "look at photo.png")).state).toBe("completed");
    expect(blind.shown).toEqual([0, 0]);
    expect(blind.prompts[1]).toContain("photo.png, image/png: this model is not known to see images");
    await blind.forge.close();
    const seeing = await open("local:seer", readsThePicture, { "local:seer": { images: true } });
    await seeing.forge.run(agentOf("local:seer"), "look at photo.png");
    expect(seeing.shown).toEqual([0, 1]);
  });

  it("counts as an image, not as its bytes, where the transcript is measured", async () => {
    const agent = defineAgent({ ...agentOf("openai:seer").definition, compactAtTokens: 10_000 });
    const { forge: one } = await open("openai:seer", readsThePicture);
    const { task } = await one.run(agent, "look at photo.png");
    expect((await one.log(task)).filter(({ kind }) => kind === "compaction")).toEqual([]);
    expect(bytes.length / 4).toBeGreaterThan(10_000);
  });
});

describe("an image that is too large for models", () => {
  it("is refused with its size", async () => {
    await writeFile(join(folder, "large.png"), Buffer.concat([picture, Buffer.alloc(5_000_000)]));
    const { forge: one, prompts } = await open("openai:seer", ({ results }) =>
      results.length === 0
        ? { calls: [{ name: "read", arguments: { path: "large.png" } }] }
        : { text: "Too large." },
    );
    await one.run(agentOf("openai:seer"), "look");
    expect(prompts[1]).toMatch(/large\.png has \d+ bytes; images may have 5000000/);
  });
});
