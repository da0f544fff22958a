/** Tasks in which the canary is said and done in every place there is, on a data directory of their own. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { askHumanTool, createOmniForge, defineAgent, defineTool, todoTool, type OmniForge } from "omniforge";
import { entry, isTerminal, type Message } from "omniforge/protocol";
import { sqliteStore } from "omniforge/store";
import { scriptedModel, type Script } from "omniforge/testing";
import { commit, create, end, result } from "../../packages/omniforge/src/testing/store-contract/claim.ts";
import { canary } from "./canary.ts";

const free = z.looseObject({});
const tool = (
  name: string,
  execute: Parameters<typeof defineTool>[0]["execute"],
  needsApproval = false,
): ReturnType<typeof defineTool> =>
  defineTool({ name, description: name, parameters: free, effects: "none", needsApproval, execute });

const base64 = (text: string, bytes: number): string =>
  Buffer.from(text.padEnd(bytes, ".")).toString("base64");
const file = (place: string, bytes: number): Message["parts"][number] => ({
  type: "file",
  mediaType: "text/plain",
  name: `${canary(`${place} name`)}.txt`,
  data: base64(canary(place), bytes),
});

const tools = [
  tool("echo", () => canary("tool result")),
  tool("big", () => canary("large result").padEnd(100_000, "-")),
  tool("value", () => ({ [canary("member name")]: canary("value") })),
  tool("file", () => ({ parts: [file("large file result", 90_000), file("small file result", 90)] })),
  tool("noisy", (_given, { progress }) => {
    progress(canary("progress"));
    return "done";
  }),
  tool("fails", () => {
    throw new Error(canary("tool error"));
  }),
  tool("refused", () => "never", true),
  tool("edited", () => "done", true),
  askHumanTool,
  todoTool,
];

const call = (name: string, given: Record<string, string>): { name: string; arguments: typeof given } => ({
  name,
  arguments: given,
});

const main: Script = ({ said, tools: offered }) => {
  if (offered.length === 0) return { text: canary("summary") };
  if (!said.some((text) => text.includes(canary("summary"))))
    return {
      text: canary("reply"),
      reasoning: canary("reasoning"),
      calls: [
        call("echo", { text: canary("arguments") }),
        ...["big", "value", "file", "noisy", "fails"].map((name) => call(name, {})),
        call("refused", { text: canary("approval arguments") }),
        call("edited", {}),
        call("ask_human", { question: canary("question") }),
        call("helper", { message: canary("order") }),
        call(canary("tool name"), {}),
        { name: "echo", raw: `{"text": ${canary("malformed")}` },
        {
          name: "todo",
          arguments: { items: [{ text: canary("plan"), state: "active" }] },
        },
      ],
    };
  return { text: JSON.stringify({ secret: canary("structured output") }) };
};

const helper = defineAgent({ name: "helper", instructions: "", model: "scripted:helper" });
const agent = defineAgent({
  name: "main",
  instructions: "",
  model: "scripted:main",
  tools,
  agents: [helper],
  output: z.object({ secret: z.string() }),
  // Once the first turn is over, it is put in short.
  compactAtTokens: 200,
});
const broken = defineAgent({ name: "broken", instructions: "", model: "scripted:broken" });
const endless = defineAgent({ name: "endless", instructions: "", model: "scripted:endless" });

/** What stands somewhere in the files once all is told. Progress is never written. */
export const places = [
  "message",
  "message id",
  "actor",
  "said",
  "said id",
  "large file",
  "large file name",
  "small file",
  "idempotency key",
  "context",
  "workspace",
  "reply",
  "reasoning",
  "arguments",
  "tool result",
  "large result",
  "member name",
  "value",
  "large file result",
  "small file result",
  "tool error",
  "approval arguments",
  "reason",
  "edited arguments",
  "question",
  "answer",
  "order",
  "helper's answer",
  "tool name",
  "malformed",
  "plan",
  "summary",
  "structured output",
  "model error",
  "cancel reason",
  "artifact",
  "late",
] as const;

export function openForge(dataDirectory: string, work = true): Promise<OmniForge> {
  return createOmniForge({
    dataDirectory,
    work,
    agents: [agent, broken, endless],
    models: {
      "scripted:main": scriptedModel(main, "scripted:main"),
      "scripted:helper": scriptedModel(() => ({ text: canary("helper's answer") }), "scripted:helper"),
      "scripted:broken": scriptedModel(() => ({ fail: { status: 400, message: canary("model error") } })),
      "scripted:endless": scriptedModel(({ signal }) => untilAborted(signal)),
    },
  });
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
  });
}

/** Says everything there is to say; the ids of the tasks, all of which have ended. */
export async function tellEverywhere(forge: OmniForge, dataDirectory: string): Promise<string[]> {
  const message: Message = {
    v: 1,
    role: "user",
    parts: [{ type: "text", text: canary("message") }, file("large file", 90_000), file("small file", 90)],
  };
  const { task } = await forge.submit(agent, message, {
    idempotencyKey: canary("idempotency key"),
    messageId: canary("message id"),
    actor: canary("actor"),
    context: canary("context"),
    workspace: join(dataDirectory, "..", canary("workspace")),
  });
  await forge.say(task, canary("said"), canary("said id"));
  const told = await forge.submit(agent, "go", { idempotencyKey: canary("idempotency key") });
  if (told.task !== task) throw new Error("the idempotency key is not known");
  await answerAll(forge, task);
  const failed = await forge.run(broken, "go");
  const canceled = await forge.submit(endless, "go");
  await forge.cancel(canceled.task, canary("cancel reason"));
  for (const one of [task, canceled.task]) await ended(forge, one);
  return [task, failed.task, canceled.task, await byHand(dataDirectory)];
}

async function answerAll(forge: OmniForge, task: string): Promise<void> {
  let { pending } = await forge.get(task);
  while (pending.length < 3) {
    await delay(10);
    ({ pending } = await forge.get(task));
  }
  for (const { id, tool: name } of pending) {
    if (name === "refused") await forge.respond(task, id, { decision: "reject", reason: canary("reason") });
    else if (name === "edited")
      await forge.respond(task, id, {
        decision: "approve",
        arguments: { text: canary("edited arguments") },
      });
    else await forge.respond(task, id, { decision: "answer", value: canary("answer") });
  }
}

async function ended(forge: OmniForge, task: string): Promise<void> {
  while (!isTerminal((await forge.get(task)).state)) await delay(10);
}

/** What no agent writes: an artifact (reserved), and what came too late. */
async function byHand(dataDirectory: string): Promise<string> {
  const store = sqliteStore(join(dataDirectory, "omniforge.db"));
  const reference = { tenant: "default", task: "by_hand" };
  // The other engine's: nobody runs it here.
  await create(store, { ...reference, engine: "temporal" });
  const part = { type: "text" as const, text: canary("artifact") };
  await commit(store, { ...reference, entries: [entry("artifact", { name: "a", part })] });
  await end(store, reference);
  await commit(store, { ...reference, entries: [result(1, 0, canary("late"))], keepLate: true });
  await store.close();
  return reference.task;
}
