import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createOmniForge, type OmniForge } from "../create-omniforge.ts";
import { defineAgent } from "../agents/define-agent.ts";
import type { InputRequest } from "../protocol/input.ts";
import { scriptedModel } from "../testing/scripted-model.ts";
import { editTool, writeTool } from "../tools/builtin/index.ts";
import { defineTool, type Tool } from "../tools/tool.ts";
import { showHidden } from "./approval-prompt.ts";

let folder: string;
let forge: OmniForge | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "omniforge-prompt-"));
});

async function close(): Promise<void> {
  const open = forge;
  forge = undefined;
  await open?.close();
}

afterEach(async () => {
  await close();
  await rm(folder, { recursive: true, force: true });
});

/** What the first request of a task says whose model makes one call. */
async function requestFor(tool: Tool, parameters: Record<string, string>): Promise<InputRequest> {
  const model = scriptedModel(({ turn }) =>
    turn === 1 ? { calls: [{ name: tool.spec.name, arguments: parameters }] } : { text: "done" },
  );
  forge = await createOmniForge({ dataDirectory: join(folder, "data"), models: { "scripted:test": model } });
  const agent = defineAgent({ name: "a", instructions: "", model: "scripted:test", tools: [tool] });
  const asked: InputRequest[] = [];
  await forge.run(agent, "go", {
    workspace: folder,
    answer: (request) => {
      asked.push(request);
      return { decision: "approve" };
    },
  });
  const [request] = asked;
  if (request === undefined) throw new Error("nobody was asked");
  return request;
}

function previewing(preview: () => Promise<string | undefined>): Tool {
  return defineTool({
    name: "act",
    description: "",
    parameters: z.object({}),
    needsApproval: true,
    preview,
    execute: (_, { approved }) => `approved: ${String(approved)}`,
  });
}

describe("an approval's prompt", () => {
  it("shows the diff of an edit and of a write, in the task's workspace", async () => {
    await writeFile(join(folder, "a.txt"), "one\ntwo\nthree\n");
    const edit = await requestFor(editTool, { path: "a.txt", old: "two", new: "2" });
    expect(edit.prompt).toBe("Allow edit?\n\na.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three");
    await close();
    const write = await requestFor(writeTool, { path: "b.txt", content: "new\n" });
    expect(write.prompt).toBe("Allow write?\n\nb.txt (a new file)\n@@ -0,0 +1,1 @@\n+new");
  });

  it("tells the tool that a person approved", async () => {
    await requestFor(
      previewing(async () => undefined),
      {},
    );
    const [task] = (await forge?.list()) ?? [];
    const entries = (await forge?.log(task?.task ?? "")) ?? [];
    expect(JSON.stringify(entries.filter(({ kind }) => kind === "result"))).toContain("approved: true");
  });

  it("does without a preview that throws, takes long or says nothing", async () => {
    for (const preview of [
      () => Promise.reject(new Error("broken")),
      () => {
        throw new Error("broken at once");
      },
      () => new Promise<string>(() => {}),
      async () => undefined,
      async () => "",
    ]) {
      expect((await requestFor(previewing(preview), {})).prompt).toBe("Allow act?");
      await close();
    }
  });

  it("is cut to a few thousand characters", async () => {
    const { prompt } = await requestFor(
      previewing(async () => "😀".repeat(9000)),
      {},
    );
    expect(prompt.length).toBeLessThan(4100);
    expect(prompt).toContain("[… cut here]");
  });

  it("makes visible what would change the display", () => {
    expect(showHidden("a\u202eb\u001b[2Jc\u200bd\u{e0041}\uD800\r\n\te\r")).toBe(
      "a\\u{202e}b\\u{1b}[2Jc\\u{200b}d\\u{e0041}\uFFFD\n\te\\u{d}",
    );
  });
});
