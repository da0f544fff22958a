/**
 * Recording what a provider's server really sends, for tests that replay it: two short calls for each model.
 *
 * Owns: what is asked, and what of an exchange is kept: the bytes of the reply and nothing of the request or its headers.
 * A key that a server repeats in its reply is taken out.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { textOf } from "../protocol/message.ts";
import { withSettings } from "./call-settings.ts";
import { factsOf } from "./model-facts.ts";
import type { FoundModels } from "./discovery/index.ts";
import type { ModelCallOptions } from "./language-model.ts";
import { modelFamily, parseReference } from "./model-reference.ts";
import { createProvider } from "./providers/index.ts";
import { streamReply, type ModelReply } from "./stream-reply.ts";

export interface Recording {
  /** What was asked for: `text` or `calls`. */
  readonly name: string;
  readonly file: string;
  /** What we read in it. */
  readonly text: string;
  readonly calls: number;
  readonly outputTokens: number;
}

export interface RecordOptions {
  readonly apiKey?: string;
  readonly now: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

const user = (text: string): ModelCallOptions["prompt"] => [
  { role: "user", content: [{ type: "text", text }] },
];

/** Every wire format has these two: characters of several bytes, and calls side by side. */
const asked: readonly (ModelCallOptions & { readonly name: string })[] = [
  { name: "text", prompt: user("Reply with exactly this text and nothing else: Hello, wörld 👋") },
  {
    name: "calls",
    prompt: user("Call the tool add twice in this one reply, for 1 + 2 and for 3 + 4. Say nothing else."),
    tools: [
      {
        type: "function",
        name: "add",
        description: "Adds two numbers.",
        inputSchema: {
          type: "object",
          properties: { a: { type: "number" }, b: { type: "number" } },
          required: ["a", "b"],
        },
      },
    ],
  },
];

/**
 * Calls the model, and writes each reply's bytes to `<folder>/<provider>-<model>-<name>.sse`. Costs a few hundred tokens.
 *
 * Throws what the model throws (ModelFailure, MODEL_PACKAGE_MISSING); what was recorded by then stays.
 */
export async function recordStreams(
  found: FoundModels,
  reference: string,
  folder: string,
  options: RecordOptions,
): Promise<readonly Recording[]> {
  const { provider, model } = parseReference(reference);
  const { apiKey } = options;
  let body = "";
  const make = createProvider(found.kind, {
    ...(found.baseUrl !== undefined && { baseUrl: found.baseUrl }),
    ...(apiKey !== undefined && { apiKey }),
    async fetch(input, init) {
      const response = await fetch(input, init);
      body = await response.clone().text();
      return response;
    },
  });
  await mkdir(folder, { recursive: true });
  const recordings: Recording[] = [];
  for (const { name, ...call } of asked) {
    const reply = await callOnce(make(model), reference, call, options);
    const file = join(folder, `${`${provider}-${model}-${name}`.replace(/[^\w.-]+/g, "_")}.sse`);
    const date = new Date(options.now()).toISOString().slice(0, 10);
    const source = `: recorded ${date} from ${found.kind}, ${reference}: ${name}\n\n`;
    const kept = apiKey === undefined || apiKey === "" ? body : body.replaceAll(apiKey, "(key)");
    await writeFile(file, source + kept);
    recordings.push({
      name,
      file,
      text: textOf(reply.parts),
      calls: reply.parts.filter(({ type }) => type === "tool-call").length,
      outputTokens: reply.usage.outputTokens,
    });
  }
  return recordings;
}

function callOnce(
  model: ReturnType<ReturnType<typeof createProvider>>,
  reference: string,
  call: Pick<ModelCallOptions, "prompt" | "tools">,
  { now, sleep, signal }: RecordOptions,
): Promise<ModelReply> {
  return streamReply(
    model,
    withSettings(model.provider, call, {
      task: "omniforge-record",
      offerTools: true,
      facts: factsOf(reference),
    }),
    {
      signal,
      timeoutMs: 120_000,
      idleTimeoutMs: 60_000,
      family: modelFamily(reference),
      now,
      sleep,
      onDelta: () => undefined,
    },
  );
}
