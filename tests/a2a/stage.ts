/** A server with scripted agents on a real port, and the SDK's own client over either transport. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
  type Client,
} from "@a2a-js/sdk/client";
import { Role, TaskState, type Message, type Part, type SendMessageRequest, type Task } from "@a2a-js/sdk";
import { createOmniForge, type Agent, type OmniForge } from "omniforge";
import { scriptedModel, type Script } from "omniforge/testing";
import { a2a } from "../../packages/omniforge/src/server/a2a/index.ts";
import { createServer, listen, type ServerOptions } from "../../packages/omniforge/src/server/index.ts";

export const transports = ["JSONRPC", "HTTP+JSON"] as const;
export type Transport = (typeof transports)[number];

export interface Stage extends AsyncDisposable {
  readonly forge: OmniForge;
  readonly url: string;
  client(agent: string, transport: Transport, fetching?: typeof fetch): Promise<Client>;
  /** A raw request of JSON-RPC, and its answer's JSON. */
  rpc(agent: string, method: string, params: unknown, headers?: Record<string, string>): Promise<RpcAnswer>;
}

export interface RpcAnswer {
  readonly status: number;
  readonly jsonrpc: string;
  readonly id: unknown;
  readonly result?: Record<string, unknown>;
  readonly error?: {
    code: number;
    message: string;
    data?: { reason: string; metadata?: Record<string, string> }[];
  };
}

export async function openStage(
  agents: readonly Agent[],
  script: Script,
  options: ServerOptions & { readonly data?: string } = {},
): Promise<Stage> {
  const { data, ...server } = options;
  const folder = data ?? mkdtempSync(join(tmpdir(), "omniforge-a2a-"));
  const forge = await createOmniForge({
    dataDirectory: folder,
    agents,
    models: { "scripted:test": scriptedModel(script) },
    model: "scripted:test",
    durability: "process",
  });
  const app = createServer(forge, { extensions: [a2a()], ...server });
  const listening = await listen(app, { port: 0 });
  return {
    forge,
    url: listening.url,
    client: (agent, transport, fetching) => openClient(listening.url, agent, transport, fetching),
    rpc: (agent, method, params, headers) =>
      callRpc(`${listening.url}/a2a/${agent}`, method, params, headers),
    async [Symbol.asyncDispose]() {
      await listening.close();
      await forge.close();
      if (data === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The SDK's client as it comes, by the agent's card. */
export async function openClient(
  url: string,
  agent: string,
  transport: Transport,
  fetchImpl: typeof fetch = fetch,
): Promise<Client> {
  // One transport only: with both, the client would take the card's first.
  const factory = new ClientFactory({
    transports: [
      transport === "JSONRPC"
        ? new JsonRpcTransportFactory({ fetchImpl })
        : new RestTransportFactory({ fetchImpl }),
    ],
    cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
  });
  const client = await factory.createFromUrl(`${url}/a2a/${agent}/`);
  if (client.transport.protocolName !== transport)
    throw new Error(`it speaks ${client.transport.protocolName}`);
  return client;
}

export async function callRpc(
  url: string,
  method: string,
  params: unknown,
  headers: Record<string, string> = {},
): Promise<RpcAnswer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "A2A-Version": "1.0", ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  return { status: response.status, ...((await response.json()) as Omit<RpcAnswer, "status">) };
}

const plain = { metadata: undefined, filename: "", mediaType: "" };
export const text = (value: string): Part => ({ ...plain, content: { $case: "text", value } });
export const data = (value: unknown): Part => ({ ...plain, content: { $case: "data", value } });
export const file = (bytes: string, mediaType: string, filename = ""): Part => ({
  ...plain,
  mediaType,
  filename,
  content: { $case: "raw", value: Buffer.from(bytes) },
});

export function message(said: string | Part[], some: Partial<Message> = {}): Message {
  return {
    messageId: crypto.randomUUID(),
    contextId: "",
    taskId: "",
    role: Role.ROLE_USER,
    parts: typeof said === "string" ? [text(said)] : said,
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
    ...some,
  };
}

export function request(
  said: string | Part[] | Message,
  configuration: Partial<NonNullable<SendMessageRequest["configuration"]>> = {},
): SendMessageRequest {
  return {
    tenant: "",
    message: typeof said === "object" && "messageId" in said ? said : message(said),
    configuration: {
      acceptedOutputModes: [],
      taskPushNotificationConfig: undefined,
      returnImmediately: false,
      ...configuration,
    },
    metadata: undefined,
  };
}

/** What was sent back, which is a task. */
export function taskOf(sent: Task | Message): Task {
  if ("messageId" in sent) throw new Error("a message came where a task was expected");
  return sent;
}

export const stateOf = (task: Task): string => TaskState[task.status?.state ?? 0] ?? "";

/** All text of a task's artifacts. */
export const answerOf = (task: Task): string =>
  task.artifacts
    .flatMap(({ parts }) => parts)
    .map(textIn)
    .join("");

export const textIn = ({ content }: Part): string => (content?.$case === "text" ? content.value : "");
