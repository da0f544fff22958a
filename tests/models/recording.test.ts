/** `doctor --record`: what a provider really sends becomes a golden stream that the tests replay. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordStreams, type Recording } from "../../packages/omniforge/src/models/record-streams.ts";
import { program } from "../e2e/program.ts";
import { adapters, modelAt, type Adapter } from "./adapters.ts";
import { attempt, callsOf, textOf } from "./attempt.ts";
import { golden, streamServer } from "./stream-server.ts";

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "recording-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

const sleeping = (ms: number, signal?: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { ...(signal && { signal }) });

/** Of our own accord every provider is recorded by its default API. */
const recorded = adapters.filter(({ api }) => api === undefined);

async function record({ kind, prefix, reference, golden: streams }: Adapter): Promise<readonly Recording[]> {
  const secretive = golden(streams.text).replace("\n\n", "\n\n: your key is sk-very-secret\n\n");
  await using server = await streamServer({ body: secretive }, { body: golden(streams.calls) });
  const provider = reference.slice(0, reference.indexOf(":"));
  const found = { provider, kind, baseUrl: `${server.url}${prefix}`, models: [reference], why: "" };
  const options = { apiKey: "sk-very-secret", now: Date.now, sleep: sleeping };
  return await recordStreams(found, reference, folder, { ...options, signal: new AbortController().signal });
}

describe.each(recorded)("a recording of $name", (adapter) => {
  it("is what the server sent, names its source, and has no key in it", async () => {
    const [text, calls] = await record(adapter);
    const written = await readFile(calls?.file ?? "", "utf8");
    expect(written).toMatch(/^: recorded \d{4}-\d\d-\d\d from [\w-]+, \S+: calls\n\n/);
    expect(written.endsWith(golden(adapter.golden.calls))).toBe(true);
    const first = await readFile(text?.file ?? "", "utf8");
    expect(first).toContain("your key is (key)");
    expect(first).not.toContain("sk-very-secret");
  });

  it("reads the same when it is replayed", async () => {
    for (const { file, text, calls, outputTokens } of await record(adapter)) {
      await using server = await streamServer({ body: await readFile(file, "utf8") });
      const { reply } = await attempt(modelAt(adapter, server.url), { reference: adapter.reference });
      expect([textOf(reply.parts), callsOf(reply.parts).length, reply.usage.outputTokens]).toEqual([
        text,
        calls,
        outputTokens,
      ]);
    }
  });
});

/** The adapter that reads a recorded file, by the kind that its first line names. */
function adapterOf(stream: string): Adapter | undefined {
  const kind = /^: recorded \S+ from ([\w-]+),/.exec(stream)?.[1];
  return recorded.find((adapter) => adapter.kind === kind);
}

/** Each recorded file of a folder that is not read as a whole reply, and why. */
async function unread(from: string): Promise<string[]> {
  const complaints: string[] = [];
  for (const name of existsSync(from) ? await readdir(from) : []) {
    const stream = await readFile(join(from, name), "utf8");
    const adapter = adapterOf(stream);
    if (adapter === undefined) {
      complaints.push(`${name} does not name its source`);
      continue;
    }
    await using server = await streamServer({ body: stream });
    const { reply } = await attempt(modelAt(adapter, server.url), { reference: adapter.reference });
    const calls = callsOf(reply.parts).length;
    if (name.endsWith("-text.sse") && textOf(reply.parts) === "") complaints.push(`${name} has no text`);
    if (name.endsWith("-calls.sse") && calls !== 2) complaints.push(`${name} has ${calls} calls`);
    if (reply.usage.outputTokens === 0) complaints.push(`${name} counts no tokens`);
  }
  return complaints;
}

describe("the recorded streams of this repository", () => {
  const recordings = join(import.meta.dirname, "golden", "recorded");

  it("are each read as a whole reply", async () => {
    expect(await unread(recordings)).toEqual([]);
  });

  it("would be found to be none", async () => {
    const wrong = join(folder, "wrong");
    await mkdir(wrong);
    await writeFile(join(wrong, "a-text.sse"), golden("openai-chat-text"));
    await writeFile(
      join(wrong, "b-calls.sse"),
      `: recorded 2026-11-23 from openai-compatible, x:y: calls\n\n${golden("openai-chat-text")}`,
    );
    expect(await unread(wrong)).toEqual(["a-text.sse does not name its source", "b-calls.sse has 0 calls"]);
  });
});

describe("omniforge doctor --record", () => {
  const environment = (url: string): Record<string, string> => ({
    OPENAI_BASE_URL: `${url}/v1`,
    OPENAI_API_KEY: "sk-secret",
  });

  it("calls the model that was found, and says what it kept", async () => {
    const models = { body: JSON.stringify({ data: [{ id: "tiny" }] }) };
    const streams = [{ body: golden("openai-chat-text") }, { body: golden("openai-chat-parallel-calls") }];
    await using server = await streamServer(models, ...streams);
    const to = join(folder, "by-hand");
    const { code, stdout } = await program("main", ["doctor", "--record", to], {
      folder,
      environment: environment(server.url),
    }).ended;
    expect(stdout).toMatch(/recorded.*openai-compatible-tiny-text\.sse: 0 calls, 15 characters, 9 tokens/s);
    expect(stdout).toMatch(/recorded.*openai-compatible-tiny-calls\.sse: 2 calls/s);
    expect(await readdir(to)).toEqual([
      "openai-compatible-tiny-calls.sse",
      "openai-compatible-tiny-text.sse",
    ]);
    expect(code).toBe(0);
  }, 60_000);

  it("says that there is nothing to record, and fails", async () => {
    const { code, stdout } = await program("main", ["doctor", "--record", "x"], { folder }).ended;
    expect(stdout).toContain("no real model was found to record");
    expect(code).toBe(1);
  }, 60_000);
});
