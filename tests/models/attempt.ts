/** One attempt at a model call, made as the model step makes it. */
import { defineAgent } from "../../packages/omniforge/src/agents/define-agent.ts";
import { withSettings } from "../../packages/omniforge/src/models/call-settings.ts";
import type { LanguageModel } from "../../packages/omniforge/src/models/language-model.ts";
import { ModelFailure } from "../../packages/omniforge/src/models/model-failure.ts";
import { factsOf } from "../../packages/omniforge/src/models/model-facts.ts";
import { modelFamily } from "../../packages/omniforge/src/models/model-reference.ts";
import { streamReply, type ModelReply } from "../../packages/omniforge/src/models/stream-reply.ts";
import { toModelTools, toPrompt } from "../../packages/omniforge/src/models/to-prompt.ts";
import type { AgentSpec } from "../../packages/omniforge/src/protocol/agent-spec.ts";
import type { EntryOf } from "../../packages/omniforge/src/protocol/entry.ts";
import { userMessage, type Part } from "../../packages/omniforge/src/protocol/message.ts";
import type { TranscriptItem } from "../../packages/omniforge/src/protocol/transcript.ts";
import { sleep } from "../../packages/omniforge/src/sleep.ts";
import { z } from "zod";
import { defineTool } from "../../packages/omniforge/src/tools/tool.ts";

export interface Attempted {
  readonly reply: ModelReply;
  readonly deltas: { readonly text: string; readonly reasoning: string };
}

export interface AttemptOptions {
  readonly reference?: string;
  readonly items?: readonly TranscriptItem[];
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly idleTimeoutMs?: number;
  readonly offerTools?: boolean;
}

export function said(text: string): TranscriptItem {
  return { role: "user", message: userMessage(text) };
}

/** A reply that was recorded, and what its calls came to. */
export function replied(
  model: string,
  parts: readonly Part[],
  results: readonly (readonly Part[])[] = [],
  turn = 1,
): TranscriptItem {
  return {
    role: "assistant",
    turn,
    model,
    parts,
    results: results.map((one, index) => result(turn, index, one)),
  };
}

function result(turn: number, index: number, parts: readonly Part[]): EntryOf<"result"> {
  const key = `${turn}/tool/${index}`;
  return {
    seq: 10 + index,
    at: 0,
    v: 1,
    kind: "result",
    key,
    body: { name: "add", status: "result", parts: [...parts] },
  };
}

export function specOf(reference: string): AgentSpec {
  const add = defineTool({
    name: "add",
    description: "Adds two numbers.",
    effects: "none",
    parameters: z.object({ a: z.number(), b: z.number() }),
    execute: ({ a, b }) => String(a + b),
  });
  const agent = defineAgent({ name: "tester", instructions: "You add.", model: reference, tools: [add] });
  const spec = agent.specSet(reference).agents["tester"];
  if (spec === undefined) throw new Error("the agent has no spec");
  return spec;
}

/** Throws what the model step would see. */
export async function attempt(model: LanguageModel, options: AttemptOptions = {}): Promise<Attempted> {
  const { reference = "test:model", items = [said("text")], offerTools = true } = options;
  const spec = specOf(reference);
  const deltas = { text: "", reasoning: "" };
  const call = {
    prompt: toPrompt(spec, items, { provider: model.provider, images: true }),
    tools: toModelTools(spec),
  };
  const reply = await streamReply(
    model,
    withSettings(model.provider, call, { task: "task_1", offerTools, facts: factsOf(reference) }),
    {
      signal: options.signal ?? new AbortController().signal,
      timeoutMs: options.timeoutMs ?? 10_000,
      idleTimeoutMs: options.idleTimeoutMs ?? 5000,
      family: modelFamily(reference),
      now: Date.now,
      sleep,
      onDelta: (channel, text) => void (deltas[channel] += text),
    },
  );
  return { reply, deltas };
}

/** The failure of an attempt that must fail. */
export async function failureOf(attempted: Promise<Attempted>): Promise<ModelFailure> {
  const outcome: unknown = await attempted.then(
    () => new Error("the attempt did not fail"),
    (thrown: unknown) => thrown,
  );
  if (outcome instanceof ModelFailure) return outcome;
  throw outcome;
}

export const textOf = (parts: readonly Part[]): string =>
  parts.map((part) => (part.type === "text" ? part.text : "")).join("");

export function callsOf(parts: readonly Part[]): Extract<Part, { type: "tool-call" }>[] {
  return parts.filter((part) => part.type === "tool-call");
}
