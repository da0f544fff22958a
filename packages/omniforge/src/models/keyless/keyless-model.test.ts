import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { json } from "../../protocol/json.ts";
import { askHumanTool, fileTools } from "../../tools/builtin/index.ts";
import type {
  ModelCallOptions,
  ModelMessage,
  ModelPrompt,
  ModelStreamPart,
  ModelToolOutput,
} from "../language-model.ts";
import { createKeylessModel, keylessReference, type KeylessOptions } from "./index.ts";

const flagship = "find every TODO here and tell me which file has most";
const tools: NonNullable<ModelCallOptions["tools"]> = [...fileTools, askHumanTool].map(({ spec }) => ({
  type: "function",
  name: spec.name,
  inputSchema: {},
}));

let workspace: string;

beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), "omniforge-keyless-"));
  await put("src/many.ts", "// TODO one\n// TODO two\nconst a = 1; // TODO three\n// TODO `four`\n");
  await put("src/few.ts", "// TODO one\n// TODO two\n");
  await put("README.md", "TODO: write this\n");
  await put("src/none.ts", "nothing\n");
});

afterEach(() => rm(workspace, { recursive: true, force: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(join(workspace, dirname(path)), { recursive: true });
  await writeFile(join(workspace, path), text);
}

function user(text: string): ModelMessage {
  return { role: "user", content: [{ type: "text", text }] };
}

async function collect(stream: ReadableStream<ModelStreamPart>): Promise<ModelStreamPart[]> {
  const parts: ModelStreamPart[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

interface Said {
  readonly parts: readonly ModelStreamPart[];
  readonly text: string;
  readonly calls: readonly {
    readonly toolCallId: string;
    readonly toolName: string;
    readonly input: string;
  }[];
}

async function say(
  prompt: ModelPrompt,
  options: Partial<ModelCallOptions> = {},
  keyless: KeylessOptions = {},
): Promise<Said> {
  const { stream } = await createKeylessModel(keyless).doStream({ prompt, tools, ...options });
  const parts = await collect(stream);
  const text = parts.map((part) => (part.type === "text-delta" ? part.delta : "")).join("");
  return { parts, text, calls: parts.filter((part) => part.type === "tool-call") };
}

type Decide = (name: string, count: number) => ModelToolOutput | undefined;

/** Drives a conversation until an answer comes, with the real tools unless `decide` gives a result itself. */
async function converse(
  prompt: ModelMessage[],
  decideResult: Decide = () => undefined,
): Promise<{ turns: string[][]; answer: string }> {
  const turns: string[][] = [];
  const counts = new Map<string, number>();
  for (;;) {
    const { text, calls } = await say(prompt);
    if (calls.length === 0) {
      prompt.push({ role: "assistant", content: [{ type: "text", text }] });
      return { turns, answer: text };
    }
    turns.push(
      calls.map(
        (call) => `${call.toolName} ${String(Object.values(json.parse(JSON.parse(call.input)) ?? {})[0])}`,
      ),
    );
    const results = await Promise.all(
      calls.map(async (call) => {
        const count = (counts.get(call.toolName) ?? 0) + 1;
        counts.set(call.toolName, count);
        return {
          ...call,
          output: decideResult(call.toolName, count) ?? (await runTool(call.toolName, call.input)),
        };
      }),
    );
    prompt.push(
      {
        role: "assistant",
        content: calls.map(({ toolCallId, toolName, input }) => ({
          type: "tool-call",
          toolCallId,
          toolName,
          input: json.parse(JSON.parse(input)),
        })),
      },
      {
        role: "tool",
        content: results.map(({ toolCallId, toolName, output }) => ({
          type: "tool-result",
          toolCallId,
          toolName,
          output,
        })),
      },
    );
    if (turns.length > 10) throw new Error("the model never answers");
  }
}

async function runTool(name: string, input: string): Promise<ModelToolOutput> {
  const tool = fileTools.find(({ spec }) => spec.name === name);
  const context = {
    tenant: "t",
    task: "k",
    idempotencyKey: "i",
    signal: new AbortController().signal,
    workspace,
    answers: [],
    progress: (): void => {},
  };
  try {
    const output: unknown = await tool?.execute(json.parse(JSON.parse(input)), context);
    return { type: "text", value: typeof output === "string" ? output : "" };
  } catch (error) {
    return { type: "error-text", value: String(error) };
  }
}

describe("the keyless model", () => {
  it("is registered by a reference that says what it is", () => {
    const { provider, modelId, specificationVersion } = createKeylessModel();
    expect([`${provider}:${modelId}`, specificationVersion]).toEqual([keylessReference, "v4"]);
  });

  it("finds the file with most, reads, reports and answers", async () => {
    const { turns, answer } = await converse([{ role: "system", content: "You help." }, user(flagship)]);
    expect(turns).toEqual([
      ["grep TODO", "glob **/*"],
      ["read src/many.ts", "read src/few.ts", "read README.md"],
      ["write omniforge-report.md"],
    ]);
    expect(answer).toBe(
      [
        "`src/many.ts` has most: 4 lines with TODO. I found 7 lines in 3 files, of 4 files in all.",
        "1. `src/many.ts`: 4\n2. `src/few.ts`: 2\n3. `README.md`: 1",
        "The report is in `omniforge-report.md`.",
      ].join("\n\n"),
    );
    const report = await readFile(join(workspace, "omniforge-report.md"), "utf8");
    expect(report).toContain("| `src/many.ts` | 4 |\n| `src/few.ts` | 2 |\n| `README.md` | 1 |\n");
    expect(report).toContain("- line 3: `const a = 1; // TODO three`\n- and 1 more\n");
  });

  it("answers the same when it is asked again, though its own report now contains the word", async () => {
    const prompt = [user(flagship)];
    const first = await converse(prompt);
    prompt.push(user(flagship));
    const second = await converse(prompt);
    expect(second.turns).toEqual(first.turns);
    expect(second.answer).toBe(first.answer.replace("4 files in all", "5 files in all"));
  });

  it("answers without the report when a person refuses it", async () => {
    const reason = "a person refused this call: not now";
    const { answer } = await converse([user(flagship)], (name) =>
      name === "write" ? { type: "execution-denied", reason } : undefined,
    );
    expect(answer).toContain("`src/many.ts` has most: 4 lines with TODO.");
    expect(answer).toContain("I did not write the report: a person refused this call: not now.");
  });

  it("tries a failed call once more, and then says why it could not", async () => {
    const failing: ModelToolOutput = { type: "error-text", value: "the disk is on fire" };
    const once = await converse([user(flagship)], (name, count) =>
      name === "grep" && count === 1 ? failing : undefined,
    );
    expect(once.turns.slice(0, 2)).toEqual([["grep TODO", "glob **/*"], ["grep TODO"]]);
    expect(once.answer).toContain("has most");
    const always = await converse([user(flagship)], (name) => (name === "grep" ? failing : undefined));
    expect(always.answer).toBe("I could not search for TODO: the disk is on fire");
  });

  it("never repeats a call of unknown outcome", async () => {
    const value =
      "write was started, but its process ended: whether it took effect is unknown. It was not repeated.";
    const { turns, answer } = await converse([user("write a.md: hello")], () => ({
      type: "error-text",
      value,
    }));
    expect(turns).toHaveLength(1);
    expect(answer).toContain("don't try again");
  });

  it("says that there is nothing to count", async () => {
    const { answer } = await converse([user("find every FIXME and tell me which file has most")]);
    expect(answer).toBe("No file here has a line with FIXME.");
  });

  it.each([
    ["read src/none.ts", ["read src/none.ts"], "This is src/none.ts:\n\nnothing"],
    ["list src/*.ts", ["glob src/*.ts"], "These match src/*.ts:\n\nsrc/few.ts\nsrc/many.ts\nsrc/none.ts"],
    ["List the files", ["glob **/*"], "These match **/*:\n\nREADME.md\nsrc/few.ts\nsrc/many.ts\nsrc/none.ts"],
    [
      "find write this in this folder",
      ["grep write this"],
      "This is what I found:\n\nREADME.md:1: TODO: write this",
    ],
    ["search for write this", ["grep write this"], "This is what I found:\n\nREADME.md:1: TODO: write this"],
    ["write notes/a.md: one\ntwo", ["write notes/a.md"], "Done: wrote 2 lines to notes/a.md."],
  ])("does what it is told: %s", async (request, calls, answer) => {
    expect(await converse([user(request)])).toEqual({ turns: [calls], answer });
  });

  it("asks a person, with the options it was told", async () => {
    const prompt = [user("ask me which colour: red, green or blue")];
    const { calls } = await say(prompt);
    expect(calls.map(({ input }) => input)).toEqual([
      JSON.stringify({ question: "which colour?", options: ["red", "green", "blue"] }),
    ]);
    expect((await converse(prompt, () => ({ type: "json", value: "green" }))).answer).toBe(
      "You answered: green",
    );
  });

  it("says what it is when it does not understand, and which tool it lacks", async () => {
    expect((await say([user("what is the meaning of life?")])).text).toMatch(
      /^I am OmniForge's keyless demo model: a set of rules, not an LLM\./,
    );
    for (const options of [{ tools: [] }, { toolChoice: { type: "none" as const } }]) {
      const { text, calls } = await say([user(flagship)], options);
      expect(calls).toEqual([]);
      expect(text).toMatch(/^For that I need the tool grep, which I was not given\./);
    }
  });

  it("goes on with the open request when somebody says something else meanwhile", async () => {
    const prompt = [user(flagship)];
    await converse(prompt, (name) => (name === "read" ? { type: "text", value: "" } : undefined));
    const open = [...prompt.slice(0, 3), user("thanks, take your time")];
    expect((await say(open)).calls.map(({ toolName }) => toolName)).toEqual(["read", "read", "read"]);
  });

  it("goes on from its own summary without doing anything twice", async () => {
    const prompt = [user(flagship)];
    const whole = await converse(prompt);
    for (const length of [1, 3, 5, 7]) {
      const { text } = await say(
        [...prompt.slice(0, length), user("Summarise this conversation so that the work can go on.")],
        { tools: [] },
      );
      const { turns, answer } = await converse([user(`What happened before, in short:\n\n${text}`)]);
      expect(turns).toEqual(whole.turns.slice((length - 1) / 2));
      expect(answer).toBe(whole.answer.replace("4 files", length === 1 ? "5 files" : "4 files"));
    }
  });

  it("answers equal prompts with equal parts, whatever it was asked between", async () => {
    const prompt = [user(flagship)];
    await converse(prompt);
    const model = createKeylessModel();
    const partsOf = async (length: number): Promise<string> => {
      const parts: ModelStreamPart[] = [];
      for await (const part of (await model.doStream({ prompt: prompt.slice(0, length), tools })).stream)
        parts.push(part);
      return JSON.stringify(parts);
    };
    const first = [await partsOf(1), await partsOf(3), await partsOf(5)];
    expect([await partsOf(1), await partsOf(3), await partsOf(5)]).toEqual(first);
    expect(new Set(first.flatMap((parts) => parts.match(/call-\d+-\d+/g) ?? [])).size).toBe(6);
  });

  it("streams words and reports usage that follows from the characters", async () => {
    const { parts, text } = await say([user("hello")]);
    const deltas = parts.filter((part) => part.type === "text-delta");
    expect(deltas.length).toBe(text.split(/\s+/).length);
    const finish = parts.at(-1);
    expect(finish).toMatchObject({
      type: "finish",
      finishReason: { unified: "stop" },
      usage: { outputTokens: { total: Math.ceil(text.length / 4) } },
    });
    const generated = await createKeylessModel().doGenerate({ prompt: [user("hello")], tools });
    expect(generated.content).toEqual([{ type: "text", text }]);
  });
});

describe("the keyless model under test", () => {
  it("stops at once when it is aborted, before and within the stream", async () => {
    const started = performance.now();
    const latent = createKeylessModel({ latencyMs: 60_000 });
    await expect(
      latent.doStream({ prompt: [user("hi")], abortSignal: AbortSignal.timeout(50) }),
    ).rejects.toMatchObject({ name: "TimeoutError" });
    const slow = createKeylessModel({ deltaDelayMs: 60_000 });
    const { stream } = await slow.doStream({ prompt: [user("hi")], abortSignal: AbortSignal.timeout(50) });
    await expect(collect(stream)).rejects.toMatchObject({ name: "TimeoutError" });
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it("fails, cuts and garbles as it is told to", async () => {
    const told = (fault: "fail" | "cut" | "malformed"): KeylessOptions => ({ intervene: () => fault });
    await expect(say([user(flagship)], {}, told("fail"))).rejects.toMatchObject({
      statusCode: 503,
      isRetryable: true,
    });
    const cut = await say([user(flagship)], {}, told("cut"));
    expect(cut.parts.map(({ type }) => type)).not.toContain("finish");
    expect(cut.parts.length).toBeGreaterThan(3);
    const garbled = await say([user(flagship)], {}, told("malformed"));
    expect((): unknown => JSON.parse(garbled.calls[0]?.input ?? "{}")).toThrow(SyntaxError);
    expect(garbled.calls).toHaveLength(2);
  });
});
