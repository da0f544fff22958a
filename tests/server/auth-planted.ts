/** Secrets, planted wherever they might get out: in an agent, its tools, their values, its model's errors, the environment. */
import { z } from "zod";
import { APICallError, type LanguageModelV4, type LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { createProvider, defineAgent, defineTool, InputRequired, type Agent } from "omniforge";

const planted = new Map<string, string>();

/** Draws a secret and notes where it was put. It looks like nothing in particular, so that only its place can hide it. */
function plant(place: string, form: (core: string) => string = (core) => core): string {
  const value = form(`canary${(planted.size + 1).toString().padStart(3, "0")}x${"zq".repeat(4)}`);
  planted.set(place, value);
  return value;
}

/** By place. */
export const secrets: ReadonlyMap<string, string> = planted;

export const environment: Readonly<Record<string, string>> = {
  PLANTED_API_KEY: plant("environment: an API key"),
  PLANTED_TOKEN: plant("environment: a token"),
  PLANTED_SECRET: plant("environment: a secret"),
  PLANTED_DB_PASSWORD: plant("environment: a password"),
  PLANTED_CREDENTIALS: plant("environment: credentials"),
  PLANTED_ACCESS_KEY_ID: plant("environment: the id of a key"),
  PLANTED_PASSPHRASE: plant("environment: a passphrase"),
  PLANTED_PASSWD: plant("environment: another password"),
  PLANTED_AUTH: plant("environment: a credential with signs", (core) => `${core}/+=$&*`),
  PLANTED_PRIVATE_KEY: plant(
    "environment: a key that has lines",
    (core) => `first ${core}\nsecond "${core}"`,
  ),
};
const env = (name: string): string => environment[name] ?? "";

export const redact = ["password", "pin", "$.card.number", "$.rows[*].iban"];

const keyed = {
  apiKey: plant("provider: its key"),
  header: plant("provider: a header"),
};
// Made, and never called: that it was given them is enough.
createProvider("openai", { apiKey: keyed.apiKey, headers: { "x-gateway": keyed.header } });

const alike = {
  openai: plant("an error: a key by its looks", (core) => `sk-proj-${core}${core}`),
  bearer: plant("an error: a bearer credential", (core) => `Bearer ${core}.${core}`),
  jwt: plant("an error: a web token", (core) => `eyJ${core}.${core}.${core}`),
  github: plant("a result: a key by its looks", (core) => `ghp_${core}${core}`),
  aws: plant("a result: another key by its looks", () => "AKIAPLANTEDCANARYKEY"),
  pem: plant(
    "a result: a private key",
    (core) => `-----BEGIN PRIVATE KEY-----\n${core}\n-----END PRIVATE KEY-----`,
  ),
  google: plant("a result: a third key by its looks", (core) => `AIza${core}${core}`),
  slack: plant("a result: a fourth key by its looks", (core) => `xoxb-${core}-${core}`),
  pat: plant("a result: a fifth key by its looks", (core) => `github_pat_${core}${core}`),
  said: plant("a message: a key by its looks", (core) => `sk-said-${core}${core}`),
  own: plant("a message: one of our keys", () => `ofk_${"c4".repeat(8)}_${"d5".repeat(32)}`),
};

const fields = {
  argument: plant("a field: of arguments, by name"),
  deep: plant("a field: of arguments, below others"),
  card: plant("a field: of arguments, by path"),
  row: plant("a field: of a list, by path"),
  approved: plant("a field: of a call that is approved"),
  preview: plant("a field: of a call that is approved, in its preview"),
  result: plant("a field: of a result"),
  textual: plant("a field: of a result that is JSON as text"),
  large: plant("a field: of a result beside the log"),
  output: plant("a field: of the final value"),
  answered: plant("a field: of a person's answer"),
  child: plant("a field: of a sub-agent's call"),
  listed: plant("a field: of a list of results"),
  malformed: plant("a field: of arguments that are no JSON"),
};

const agentSide = {
  instructions: plant("instructions"),
  childInstructions: plant("a sub-agent's instructions"),
  description: plant("a schema: a parameter's description"),
  title: plant("a schema: a title"),
  default: plant("a schema: a default"),
  example: plant("a schema: an example"),
  option: plant("a schema: a value to choose"),
  output: plant("a schema: the answer's"),
  queue: plant("the name of a tool's queue"),
};

const other = {
  signature: plant("a provider's metadata: a signature"),
  reasoning: plant("a provider's metadata: of reasoning"),
  stack: plant("a stack"),
  cause: plant("the cause of an error"),
  progress: env("PLANTED_TOKEN"),
};

export const unscreened = { streamed: env("PLANTED_API_KEY") };

const pay = defineTool({
  name: "pay",
  description: "Pays.",
  parameters: z.looseObject({ amount: z.number().optional() }),
  needsApproval: (given) => "ask" in given,
  preview: (given) => Promise.resolve(`with ${String(given["password"])}`),
  execute(given, { progress, answers }) {
    progress(`paying with ${other.progress}`);
    if ("large" in given)
      return { filler: "x".repeat(300_000), password: fields.large, token: env("PLANTED_SECRET") };
    if ("textual" in given) return JSON.stringify({ pin: fields.textual, kept: alike.github });
    if ("throw" in given) {
      const error = new Error(`refused ${alike.bearer}`, { cause: new Error(other.cause) });
      error.stack = `at ${other.stack}`;
      throw error;
    }
    if ("question" in given && answers.length === 0)
      throw new InputRequired(`Which one? ${env("PLANTED_CREDENTIALS")}`, {
        type: "object",
        properties: { password: { type: "string" } },
      });
    return {
      password: fields.result,
      aws: alike.aws,
      pem: alike.pem,
      database: env("PLANTED_DB_PASSWORD"),
      others: ["PLANTED_ACCESS_KEY_ID", "PLANTED_PASSPHRASE", "PLANTED_PASSWD", "PLANTED_AUTH"].map(env),
      keys: `${alike.google}, ${alike.slack} and ${alike.pat}`,
      people: [{ pin: fields.listed }],
    };
  },
});

const schemaTool = defineTool({
  name: "choose",
  description: "Chooses.",
  parameters: z
    .object({
      mode: z.enum(["fast", agentSide.option]).describe(agentSide.description).default("fast"),
      note: z
        .string()
        .default(agentSide.default)
        .meta({ examples: [agentSide.example] }),
    })
    .meta({ title: agentSide.title }),
  queue: agentSide.queue,
  execute: () => "chosen",
});

const helper = defineAgent({
  name: "helper",
  description: "Helps.",
  instructions: `Help, and know ${agentSide.childInstructions}.`,
  model: "planted:test",
  tools: [pay],
});

/** What each turn of the planted task calls, and says before. */
const turns: readonly { readonly say: string; readonly calls: readonly { name: string; input: string }[] }[] =
  [
    {
      say: `I use ${unscreened.streamed} and ${env("PLANTED_PRIVATE_KEY")}.`,
      calls: [
        call("pay", {
          password: fields.argument,
          deep: { list: [{ pin: fields.deep }] },
          card: { number: fields.card, holder: "A" },
          rows: [{ iban: fields.row }],
        }),
        call("pay", { textual: true }),
        call("pay", { large: true }),
        call("pay", { throw: true }),
        { name: "pay", input: `{"password": "${fields.malformed}` },
        call("choose", { mode: "wrong" }),
        call("helper", { message: "pay for me" }),
      ],
    },
    {
      say: "Now one that is asked for.",
      calls: [
        call("pay", { ask: true, password: fields.approved, why: fields.preview, pin: fields.preview }),
      ],
    },
    { say: "And one that asks.", calls: [call("pay", { question: true })] },
  ];

export const plantedAgent: Agent = defineAgent({
  name: "planted",
  description: "Knows secrets.",
  instructions: `Work, and never tell ${agentSide.instructions}.`,
  model: "planted:test",
  modelRetry: { maximumAttempts: 5, initialIntervalMs: 1, maximumIntervalMs: 2 },
  tools: [pay, schemaTool],
  agents: [helper],
  output: z.object({ password: z.string(), done: z.boolean() }).describe(agentSide.output),
});

export const order = `Do it with ${alike.said} and ${alike.own}.`;
export const answered = { password: fields.answered };

function call(name: string, input: unknown): { readonly name: string; readonly input: string } {
  return { name, input: JSON.stringify(input) };
}

/** Fails once at each turn, with secrets in the failure; then streams letter by letter. */
export function plantedModel(): LanguageModelV4 {
  const failed = new Set<string>();
  return {
    specificationVersion: "v4",
    provider: "planted",
    modelId: "test",
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error("it only streams")),
    doStream({ prompt }) {
      const turn = prompt.filter(({ role }) => role === "assistant").length;
      const isHelper = JSON.stringify(prompt[0]).includes("Help,");
      const name = `${String(isHelper)} ${turn}`;
      if (!failed.has(name)) {
        failed.add(name);
        return Promise.reject(
          new APICallError({
            message: `bad key ${alike.openai}, ${keyed.apiKey}; sent ${keyed.header} for ${alike.jwt}`,
            url: `https://models.example/?key=${keyed.apiKey}`,
            requestBodyValues: { secret: keyed.header },
            responseHeaders: { "x-request": keyed.header },
            responseBody: JSON.stringify({ error: { message: `${alike.jwt} ${keyed.header}` } }),
            statusCode: 503,
            isRetryable: true,
          }),
        );
      }
      const next = isHelper
        ? turn === 0
          ? { say: "", calls: [call("pay", { password: fields.child })] }
          : { say: "Helped.", calls: [] }
        : (turns[turn] ?? { say: JSON.stringify({ password: fields.output, done: true }), calls: [] });
      return Promise.resolve({ stream: ReadableStream.from(parts(next.say, next.calls)) });
    },
  };
}

function* parts(
  say: string,
  calls: readonly { readonly name: string; readonly input: string }[],
): Generator<LanguageModelV4StreamPart> {
  yield { type: "stream-start", warnings: [] };
  yield { type: "reasoning-start", id: "r" };
  yield { type: "reasoning-delta", id: "r", delta: `thinking of ${env("PLANTED_TOKEN")}` };
  yield { type: "reasoning-end", id: "r", providerMetadata: { planted: { signature: other.reasoning } } };
  yield { type: "text-start", id: "t" };
  for (const letter of say.split("")) yield { type: "text-delta", id: "t", delta: letter };
  yield { type: "text-end", id: "t", providerMetadata: { planted: { signature: other.signature } } };
  for (const [index, { name, input }] of calls.entries())
    yield { type: "tool-call", toolCallId: `call-${index}`, toolName: name, input };
  const unified = calls.length > 0 ? "tool-calls" : "stop";
  yield {
    type: "finish",
    finishReason: { unified, raw: unified },
    usage: {
      inputTokens: { total: 10, noCache: 10, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: 5, text: 5, reasoning: undefined },
    },
  };
}
