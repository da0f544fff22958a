/** A server over a scripted model, with or without a port, in a folder of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createOmniForge,
  defineAgent,
  defineTool,
  type LanguageModel,
  type OmniForge,
  type OmniForgeOptions,
} from "omniforge";
import { scriptedModel, type Script } from "omniforge/testing";
import { z } from "zod";
import {
  createServer,
  listen,
  type Listening,
  type ListenOptions,
  type ServerOptions,
} from "../../packages/omniforge/src/server/index.ts";

const pay = defineTool({
  name: "pay",
  description: "Pays.",
  parameters: z.object({ amount: z.number() }),
  effects: "once",
  needsApproval: true,
  execute: ({ amount }) => `paid ${amount}`,
});

const echo = defineTool({
  name: "echo",
  description: "Says it again.",
  parameters: z.object({ text: z.string() }),
  effects: "none",
  execute: ({ text }) => text,
});

const large = defineTool({
  name: "large",
  description: "Says much.",
  parameters: z.object({}),
  effects: "none",
  execute: () => "much ".repeat(60_000),
});

const askPerson = defineTool({
  name: "ask",
  description: "Asks.",
  parameters: z.object({ question: z.string() }),
  effects: "none",
  execute: () => "",
});

const helper = defineAgent({ name: "helper", instructions: "Help.", model: "scripted:test", tools: [pay] });

export const clerk = defineAgent({
  name: "clerk",
  description: "Does what the first word says.",
  instructions: "SECRET-INSTRUCTIONS",
  model: "scripted:test",
  tools: [pay, echo, large, { ...askPerson, spec: { ...askPerson.spec, runs: "question" } }],
  skills: ["paperwork"],
  agents: [helper],
});

/** What the last thing that was said asks for: pay, ask, echo, large, help, hold (until said to go on) or fail. */
export const script: Script = ({ said, results, tools }) => {
  const last = said.at(-1) ?? "";
  const [word = "", ...rest] = last.split(" ");
  const text = rest.join(" ");
  const done = results.length >= said.length;
  if (done) return { text: `Done: ${results.at(-1)?.text.slice(0, 100) ?? ""}` };
  switch (word) {
    case "pay":
      return { calls: [{ name: "pay", arguments: { amount: Number(text) || 1 } }] };
    case "ask":
      return { calls: [{ name: "ask", arguments: { question: text } }] };
    case "echo":
      return { calls: [{ name: "echo", arguments: { text } }] };
    case "large":
      return { calls: [{ name: "large", arguments: {} }] };
    case "help":
      return tools.includes("helper")
        ? { calls: [{ name: "helper", arguments: { message: `pay ${text}` } }] }
        : { text: "Helped." };
    case "fail":
      return { fail: { status: 400, message: "no" } };
    default:
      return { text: `You said: ${last}` };
  }
};

export interface Stage extends AsyncDisposable {
  readonly forge: OmniForge;
  readonly app: ReturnType<typeof createServer>;
  readonly folder: string;
  /** A request without a port: JSON in and out. */
  ask(path: string, init?: Asked): Promise<Answered>;
  listen(options?: ListenOptions): Promise<Listening>;
}

export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  readonly body: unknown;
}

export interface StageOptions extends Partial<OmniForgeOptions> {
  readonly server?: ServerOptions;
  readonly model?: string;
  readonly scripted?: LanguageModel;
}

export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const { server, scripted = scriptedModel(script), ...rest } = options;
  const own = rest.dataDirectory === undefined;
  const folder = rest.dataDirectory ?? mkdtempSync(join(tmpdir(), "omniforge-server-"));
  const forge = await createOmniForge({
    dataDirectory: folder,
    workspace: folder,
    durability: "process",
    agents: [clerk],
    models: { "scripted:test": scripted },
    ...rest,
  });
  const app = createServer(forge, server);
  const open: Listening[] = [];
  return {
    forge,
    app,
    folder,
    async ask(path, { method, body, headers = {} } = {}) {
      const response = await app.request(path, {
        method: method ?? (body === undefined ? "GET" : "POST"),
        headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, text, body: parsed(text) };
    },
    async listen(more) {
      const one = await listen(app, { port: 0, graceMs: 2_000, ...more });
      open.push(one);
      return one;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(open.map((one) => one.close()));
      app.stop();
      await forge.close();
      if (own) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
