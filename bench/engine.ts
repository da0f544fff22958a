/** The work, done by OmniForge: as a user's program would, with a model that answers at once. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { createOmniForge, defineAgent, defineTool, type Agent, type OmniForge } from "omniforge";
import type { LanguageModel, ModelStreamPart } from "../packages/omniforge/src/models/language-model.ts";
import { gaps } from "./statistics.ts";
import { resultText, type Cost, type Work } from "./work.ts";

export const look = defineTool({
  name: "look",
  description: "Looks",
  parameters: {
    type: "object",
    properties: { turn: { type: "number" } },
    required: ["turn"],
    additionalProperties: false,
  },
  effects: "none",
  execute: (parameters: { readonly turn: number }) => resultText(parameters.turn),
});

/** One task of so many turns; `followed`: somebody follows its events, as `forge.run` does. */
export async function runEngine(work: Work, followed = false): Promise<Cost> {
  const moments: number[] = [];
  const before = writtenSoFar();
  const forge = await open(
    work,
    promptModel(work.turns, () => moments.push(performance.now())),
  );
  const { task } = await forge.submit(agentOf(work.turns), "go");
  if (followed) await follow(forge, task);
  else await untilAllEnded(forge, 1);
  await forge.close();
  const written = writtenSoFar() - before;
  return { turns: gaps(moments), bytes: statSync(join(work.directory, "omniforge.db")).size, written };
}

/** So many tasks at once; all their turns a second. */
export async function runMany(work: Work, tasks: number): Promise<number> {
  const forge = await open(
    work,
    promptModel(work.turns, () => undefined),
  );
  const agent = agentOf(work.turns);
  const start = performance.now();
  await Promise.all(Array.from({ length: tasks }, () => forge.submit(agent, "go")));
  await untilAllEnded(forge, tasks);
  const seconds = (performance.now() - start) / 1_000;
  await forge.close();
  return (tasks * work.turns) / seconds;
}

export function open({ directory, durability }: Work, model: LanguageModel): Promise<OmniForge> {
  return createOmniForge({
    dataDirectory: directory,
    durability,
    // Known from the start: a task that is found here may need it at once.
    tools: [look],
    models: { "bench:model": model },
  });
}

export const agentOf = (turns: number): Agent =>
  defineAgent({
    name: "bench",
    instructions: "Look.",
    model: "bench:model",
    tools: [look],
    limits: { turns: turns + 1 },
  });

export async function untilAllEnded(forge: OmniForge, tasks: number): Promise<void> {
  for (;;) {
    const ended = await forge.list({ agent: "bench", states: ["completed", "failed"], limit: tasks });
    if (ended.some(({ state }) => state === "failed")) throw new Error("a task of the bench failed");
    if (ended.length === tasks) return;
    await setTimeout(50);
  }
}

async function follow(forge: OmniForge, task: string): Promise<void> {
  for await (const event of forge.follow(task))
    if (event.type === "entry" && event.entry.kind === "ended") return;
}

/** Asks for one call a turn, then answers. It counts turns by the length of what it is shown, and reads nothing. */
export function promptModel(turns: number, onTurn: () => void, latencyMs = 0): LanguageModel {
  return {
    specificationVersion: "v4",
    provider: "bench",
    modelId: "model",
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error("the bench's model only streams")),
    async doStream({ prompt }) {
      onTurn();
      if (latencyMs > 0) await setTimeout(latencyMs);
      // Instructions, the order, and two messages a turn: a call and its result.
      const turn = prompt.length / 2;
      return { stream: ReadableStream.from(turn > turns ? answer : call("look", { turn })) };
    },
  };
}

const usage = {
  inputTokens: { total: 10, noCache: 10, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 5, text: 5, reasoning: undefined },
};

/** A reply that asks for one call. */
export function call(toolName: string, parameters: Readonly<Record<string, unknown>>): ModelStreamPart[] {
  const input = JSON.stringify(parameters);
  return [
    { type: "stream-start", warnings: [] },
    { type: "tool-call", toolCallId: "call", toolName, input },
    { type: "finish", finishReason: { unified: "tool-calls", raw: "tool-calls" }, usage },
  ];
}

export const answer: ModelStreamPart[] = [
  { type: "stream-start", warnings: [] },
  { type: "text-start", id: "t" },
  { type: "text-delta", id: "t", delta: "done" },
  { type: "text-end", id: "t" },
  { type: "finish", finishReason: { unified: "stop", raw: "stop" }, usage },
];

/** Bytes that this process has caused to be written to disk; nothing where the system does not say. */
function writtenSoFar(): number {
  if (!existsSync("/proc/self/io")) return Number.NaN;
  return Number(/^write_bytes: (\d+)/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}
