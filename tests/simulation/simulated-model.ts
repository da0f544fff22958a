/**
 * A model that says what its agent's plan says, from the prompt alone; and that looks at the prompt as a provider would:
 * what the transcript promises is checked here.
 */
import {
  APICallError,
  type LanguageModelV4 as LanguageModel,
  type LanguageModelV4CallOptions as Options,
  type LanguageModelV4Prompt as Prompt,
  type LanguageModelV4StreamPart as StreamPart,
} from "@ai-sdk/provider";
import type { TaskEvent } from "omniforge/protocol";
import type { ModelFault, Plan, ReplyPlan } from "./plan.ts";
import type { Place } from "./schedule.ts";
import type { Surroundings } from "./simulated-tools.ts";
import { entriesOf } from "./watch.ts";

/** The announcement of an attempt comes right before its call: this is how the model knows whose call it is. */
export interface Announced {
  task: string;
  key: string;
}

export function announce(announced: Announced, event: TaskEvent): void {
  if (event.type !== "reset") return;
  announced.task = event.task;
  announced.key = event.key;
}

export function simulatedModel(
  around: Surroundings,
  place: Place,
  plan: Plan,
  announced: Announced,
): LanguageModel {
  return {
    specificationVersion: "v4",
    provider: "simulated",
    modelId: "model",
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error("the simulated model only streams")),
    doStream: async (options) => ({ stream: await reply(around, place, plan, { ...announced }, options) }),
  };
}

async function reply(
  around: Surroundings,
  place: Place,
  plan: Plan,
  { task, key }: Announced,
  { prompt, abortSignal }: Options,
): Promise<ReadableStream<StreamPart>> {
  const call = around.ledger.modelCall(
    task,
    key,
    place.name,
    saidIn(prompt.slice(1 + prompt.findLastIndex(({ role }) => role === "assistant" || role === "tool"))),
  );
  const position = positionOf(prompt);
  judge(around, place, { task, key }, prompt, position);
  const compacts = key.includes("/compact/");
  const replies = plan.agents[agentOf(prompt)]?.replies ?? [];
  const planned: ReplyPlan = replies[position] ?? { faults: [], calls: [] };
  await around.schedule.ask(place, "model", () => Promise.resolve());
  // What a reply met first is over by the time the transcript is put in short.
  const fault = planned.faults[compacts ? call.nth + 1 : call.nth];
  if (fault !== undefined) await fail(around, place, fault, abortSignal);
  const text = compacts ? `base:${position}.` : `reply ${position} of ${task}, said ${call.nth + 1} times.`;
  return streamOf(
    text,
    compacts ? [] : planned.calls.map((one, index) => callOf(one, position, index)),
    fault === "cut",
  );
}

async function fail(
  around: Surroundings,
  place: Place,
  fault: ModelFault,
  signal: AbortSignal | undefined,
): Promise<void> {
  switch (fault) {
    case "hang":
      return around.schedule.sleep(place, 600_000, signal);
    case "slow":
      return around.schedule.sleep(place, 5_000, signal);
    case "cut":
      return;
    case "429":
      throw refusal(429, "slow down", { "retry-after-ms": "1500" });
    case "500":
      throw refusal(500, "the provider is broken");
    case "context":
      throw refusal(400, "maximum context length exceeded");
    case "400":
      throw refusal(400, "what is this?");
  }
}

function refusal(
  statusCode: number,
  message: string,
  responseHeaders: Record<string, string> = {},
): APICallError {
  return new APICallError({ message, url: "simulated:", requestBodyValues: {}, statusCode, responseHeaders });
}

function streamOf(text: string, calls: readonly StreamPart[], cut: boolean): ReadableStream<StreamPart> {
  return new ReadableStream<StreamPart>({
    start(controller) {
      controller.enqueue({ type: "text-start", id: "t" });
      controller.enqueue({ type: "text-delta", id: "t", delta: text });
      controller.enqueue({ type: "text-end", id: "t" });
      for (const call of calls) controller.enqueue(call);
      if (!cut) controller.enqueue(finish);
      controller.close();
    },
  });
}

const finish: StreamPart = {
  type: "finish",
  finishReason: { unified: "stop", raw: "stop" },
  usage: {
    inputTokens: { total: 6, noCache: 6, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: 4, text: 4, reasoning: undefined },
  },
};

function callOf(
  { tool, behaves, wrong }: ReplyPlan["calls"][number],
  position: number,
  index: number,
): StreamPart {
  const options = tool === "poll" ? { options: ["yes", "no"] } : {};
  const given = {
    ...(wrong !== "schema" && { tag: `${position}.${index}` }),
    behaves: behaves.join(","),
    ...options,
  };
  const input = wrong === "json" ? "{tag:" : JSON.stringify(given);
  return { type: "tool-call", toolCallId: `call-${position}-${index}`, toolName: tool, input };
}

/** How many replies there were before: those in the prompt, and those that a summary stands for. */
function positionOf(prompt: Prompt): number {
  const base = /base:(\d+)\./.exec(saidIn(prompt)[0] ?? "")?.[1] ?? "0";
  return Number(base) + prompt.filter((message) => message.role === "assistant").length;
}

function agentOf(prompt: Prompt): number {
  const [first] = prompt;
  return first?.role === "system" ? Number(first.content.slice("agent".length)) : 0;
}

function saidIn(prompt: Prompt): string[] {
  return prompt.flatMap((message) =>
    message.role === "user"
      ? [message.content.map((part) => (part.type === "text" ? part.text : "")).join("")]
      : [],
  );
}

/** What whoever holds the task must not do, and what its prompt must be. */
function judge(
  { watch, owners, ledger, fenced }: Surroundings,
  place: Place,
  { task, key }: Announced,
  prompt: Prompt,
  position: number,
): void {
  const watched = watch.tasks.get(task);
  if (watched === undefined)
    return ledger.breach("K1", `the model is called for ${task}, which does not exist`);
  const { owner } = watched.row;
  // Without fences two may hold it in turns, and what one has seen may be old.
  if (!fenced || owner === null || owners.get(owner) !== place) return;
  if (watched.outcomes.has(key))
    ledger.breach("K1", `${task} ${key} has its outcome, and the model is called again`);
  const replies = entriesOf(watched.log, "reply").filter(
    ({ body }) => body.outcome === "answer" || body.outcome === "calls",
  );
  if (replies.length !== position)
    ledger.breach("W3", `${task} ${key}: the prompt holds ${position} replies, the log ${replies.length}`);
  const interrupted = JSON.stringify(prompt).includes("This call was interrupted");
  if (interrupted) ledger.breach("W3", `${task} ${key}: a call without a result is in the prompt`);
  const said = saidIn(prompt);
  if (new Set(said).size !== said.length)
    ledger.breach("W3", `${task} ${key}: a message stands twice in the prompt`);
}
