import { describe, expect, it } from "vitest";
import { listenTool } from "../tools/builtin/listen.ts";
import { scriptedModel, type ScriptedReply } from "../testing/scripted-model.ts";
import { chatModel } from "./chat-model.ts";
import type { ModelCallOptions, ModelPrompt, ModelStreamPart, ModelTool } from "./language-model.ts";

const listen: ModelTool = { type: "function", name: listenTool.spec.name, inputSchema: { type: "object" } };
const other: ModelTool = { type: "function", name: "read", inputSchema: { type: "object" } };
const user = (text: string): ModelPrompt[number] => ({ role: "user", content: [{ type: "text", text }] });

/** A conversation that has waited once, and what the person's answer to the waiting itself was. */
const waited = (output: { type: "text"; value: string } | { type: "execution-denied" }): ModelPrompt => [
  user("one"),
  {
    role: "assistant",
    content: [
      { type: "text", text: "Heard one." },
      { type: "tool-call", toolCallId: "listen", toolName: "listen", input: {} },
    ],
  },
  { role: "tool", content: [{ type: "tool-result", toolCallId: "listen", toolName: "listen", output }] },
];

async function ask(
  reply: ScriptedReply,
  { prompt = [user("one")], tools = [other, listen] }: Partial<ModelCallOptions> = {},
): Promise<{ parts: ModelStreamPart[]; asked: ModelCallOptions[] }> {
  const asked: ModelCallOptions[] = [];
  const inner = scriptedModel(() => reply);
  const spied = {
    ...inner,
    doStream: (options: ModelCallOptions) => (asked.push(options), inner.doStream(options)),
  };
  const { stream } = await chatModel(spied).doStream({ prompt, tools });
  const parts: ModelStreamPart[] = [];
  for await (const part of stream) parts.push(part);
  return { parts, asked };
}

const calls = (parts: readonly ModelStreamPart[]): string[] =>
  parts.flatMap((part) => (part.type === "tool-call" ? [part.toolName] : []));

describe("a model in a conversation", () => {
  it("listens after its answer", async () => {
    const { parts } = await ask({ text: "Hello." });
    expect(calls(parts)).toEqual(["listen"]);
    expect(parts.at(-1)).toMatchObject({ type: "finish", finishReason: { unified: "tool-calls" } });
  });

  it("listens not before its work is done, nor where it may call nothing", async () => {
    expect(calls((await ask({ calls: [{ name: "read" }] })).parts)).toEqual(["read"]);
    expect(calls((await ask({ text: "In short." }, { tools: [] })).parts)).toEqual([]);
  });

  it("makes no answer of a failure", async () => {
    const cut = await ask({ text: "Half a", fail: "cut" });
    expect(cut.parts.some(({ type }) => type === "tool-call" || type === "finish")).toBe(false);
    const full = await ask({ finish: "length" });
    expect(calls(full.parts)).toEqual([]);
  });

  it("is told nothing of the listening", async () => {
    const said = [...waited({ type: "text", value: "" }), user("two")];
    const { asked } = await ask({ text: "Heard two." }, { prompt: said });
    expect(asked[0]?.tools).toEqual([other]);
    expect(asked[0]?.prompt).toEqual([
      user("one"),
      { role: "assistant", content: [{ type: "text", text: "Heard one." }] },
      user("two"),
    ]);
  });

  it("hears what was given as the answer to the waiting itself", async () => {
    const { asked } = await ask({ text: "Heard two." }, { prompt: waited({ type: "text", value: "two" }) });
    expect(asked[0]?.prompt.at(-1)).toEqual(user("two"));
  });

  it("is not asked once the person would say no more", async () => {
    const { parts, asked } = await ask({ text: "x" }, { prompt: waited({ type: "execution-denied" }) });
    expect(asked).toEqual([]);
    expect(calls(parts)).toEqual([]);
    expect(parts.at(-1)).toMatchObject({ type: "finish", finishReason: { unified: "stop" } });
  });
});
