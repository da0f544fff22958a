/**
 * One HTTP request of A2A, from its path to its response. The only part that the route table loads, and only when somebody
 * speaks A2A: the SDK costs memory and time.
 */
import type { Agent } from "../../agents/define-agent.ts";
import { OmniForgeError } from "../../protocol/error.ts";
import { hashOf } from "../../store/blob-store.ts";
import type { ServerContext } from "../env.ts";
import { readText } from "../read-body.ts";
import { held } from "../sse/place.ts";
import { agentCard, type CardFacts } from "./card.ts";
import type { Desk } from "./desk.ts";
import { defectIn, restErrorOf } from "./errors.ts";
import { eventStream, eventStreamHeaders, type StreamPlace } from "./event-stream.ts";
import { inputsExtension } from "./extension.ts";
import { paramsOfBody, paramsOfQuery } from "./http-json.ts";
import { failedRpc, performRpc, unreadableRpc, type RpcResponse } from "./json-rpc.ts";
import { perform } from "./operations.ts";
import { requestHandler } from "./request-handler.ts";
import { A2A_CONTENT_TYPE, AgentCard, ContentTypeNotSupportedError, type A2ARequestHandler } from "./sdk.ts";
import { checkVersion, versionHeader } from "./version.ts";
import { windowOf } from "./window.ts";

/** Files come as base64 in the request. */
const maximumBytes = 16 * 1024 * 1024;
const extensionsHeader = "A2A-Extensions";
const cardSeconds = 300;

/** An agent's card, for anybody. Throws AGENT_NOT_FOUND. */
export function answerCard(context: ServerContext, agent: Agent, facts: CardFacts): Response {
  const body = JSON.stringify(AgentCard.toJSON(agentCard(agent, facts)));
  const etag = `"${hashOf(body)}"`;
  const headers = {
    etag,
    "cache-control": `public, max-age=${cardSeconds}`,
    // The card names the host that was asked.
    vary: "Host",
    "content-type": "application/json",
  };
  const known = context.req
    .header("if-none-match")
    ?.split(",")
    .map((one) => one.trim().replace(/^W\//, ""));
  if (known?.includes(etag) === true) return new Response(null, { status: 304, headers });
  return new Response(body, { headers });
}

/** What the operations are told beside the card's facts. */
export interface Facts extends CardFacts {
  /** Hears of what should not have happened. */
  readonly onError?: ((error: unknown, operation: string) => void) | undefined;
}

/** A call of JSON-RPC. Never throws. */
export async function answerRpc(context: ServerContext, agent: Agent, facts: Facts): Promise<Response> {
  const visit = receive(context, agent, facts);
  const { report, headers } = visit;
  const json = (
    { status, response }: { status: number; response: RpcResponse },
    thrown?: unknown,
  ): Response => Response.json(response, { status, headers: { ...headers, ...accessHeaders(thrown) } });
  try {
    checkContentType(context, ["application/json"]);
    visit.checkVersion();
    const outcome = await performRpc(await readRpc(context), visit.caller, visit.handler, report);
    if ("response" in outcome) return json(outcome);
    const { id, stream } = outcome;
    const texts = {
      toData: (result: unknown): RpcResponse => ({ jsonrpc: "2.0", id, result }),
      toError: (thrown: unknown) => failedRpc(id, thrown, report).response,
    };
    try {
      return visit.streaming(await eventStream(stream, texts, visit.place));
    } catch (thrown) {
      return json(failedRpc(id, thrown, report), thrown);
    }
  } catch (thrown) {
    return json(
      thrown instanceof Unreadable ? unreadableRpc(thrown.message) : failedRpc(null, thrown, report),
      thrown,
    );
  }
}

/** What is no text at all. */
class Unreadable extends Error {
  override readonly name = "Unreadable";
}

async function readRpc(context: ServerContext): Promise<string> {
  try {
    return await readText(context.req.raw, maximumBytes);
  } catch (thrown) {
    throw OmniForgeError.is(thrown, "INVALID_INPUT")
      ? new Unreadable(thrown.message, { cause: thrown })
      : thrown;
  }
}

/** One operation of HTTP+JSON. `given`: its parameters, or where they are. Never throws. */
export async function answerRest(
  context: ServerContext,
  agent: Agent,
  facts: Facts,
  operation: string,
  given: { readonly id?: string; readonly in: "body" | "query" },
): Promise<Response> {
  const visit = receive(context, agent, facts);
  const { report, headers } = visit;
  try {
    visit.checkVersion();
    const params = await readRest(context, given);
    const outcome = await perform(operation, params, visit.caller, visit.handler);
    if ("result" in outcome)
      return Response.json(outcome.result, { headers: { ...headers, "content-type": A2A_CONTENT_TYPE } });
    const toError = (thrown: unknown): unknown => {
      report(thrown);
      return restErrorOf(thrown).body;
    };
    return visit.streaming(
      await eventStream(outcome.stream, { toData: (event) => event, toError }, visit.place),
    );
  } catch (thrown) {
    report(thrown);
    return restFailure(thrown, headers);
  }
}

async function readRest(
  context: ServerContext,
  given: { readonly id?: string; readonly in: "body" | "query" },
): Promise<unknown> {
  if (given.in === "query") {
    const query = paramsOfQuery(context.req.query());
    return given.id === undefined ? query : { ...query, id: given.id };
  }
  checkContentType(context, ["application/json", A2A_CONTENT_TYPE]);
  return paramsOfBody(await readText(context.req.raw, maximumBytes));
}

/** What was thrown before an operation was reached, in the words of the binding that was spoken. */
export function answerFailure(context: ServerContext, thrown: unknown): Response {
  if (!isRpc(context)) return restFailure(thrown);
  const { status, response } = failedRpc(null, thrown, reportedAlready);
  return Response.json(response, { status, headers: accessHeaders(thrown) });
}

/** By the app, which was thrown it. */
const reportedAlready = (): void => undefined;

/** JSON-RPC is what is posted to an agent's own address. */
function isRpc({ req }: ServerContext): boolean {
  return req.method === "POST" && /^\/a2a\/[^/]+$/.test(req.path);
}

function accessHeaders(thrown: unknown): Record<string, string> {
  if (OmniForgeError.is(thrown, "UNAUTHENTICATED")) return { "www-authenticate": "Bearer" };
  if (!OmniForgeError.is(thrown, "RATE_LIMITED")) return {};
  const seconds = Number(thrown.details["retryAfterSeconds"]);
  return { "retry-after": String(Number.isFinite(seconds) ? Math.ceil(seconds) : 1) };
}

function restFailure(thrown: unknown, headers: Record<string, string> = {}): Response {
  const { status, body } = restErrorOf(thrown);
  return Response.json(body, {
    status,
    headers: { ...headers, ...accessHeaders(thrown), "content-type": A2A_CONTENT_TYPE },
  });
}

interface Visit {
  readonly caller: Desk["caller"];
  readonly handler: A2ARequestHandler;
  readonly headers: Record<string, string>;
  readonly checkVersion: () => void;
  readonly place: StreamPlace;
  readonly streaming: (body: ReadableStream<Uint8Array>) => Response;
  /** Tells the server's log of what should not have happened. */
  readonly report: (thrown: unknown) => void;
}

function receive(context: ServerContext, agent: Agent, facts: Facts): Visit {
  const { forge, caller, streams, keyEnds, operation } = context.var;
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  const signal = AbortSignal.any([context.req.raw.signal, gone.signal]);
  const visitor = { streams, caller, keyEnds };
  const desk: Desk = {
    forge,
    caller,
    agent,
    window: windowOf(forge),
    signal,
    held: (work) => held(visitor, leave, work),
  };
  const asked = context.req
    .header(extensionsHeader)
    ?.split(",")
    .map((one) => one.trim());
  const headers = {
    "cache-control": "no-store",
    ...(asked?.includes(inputsExtension) === true && { [extensionsHeader]: inputsExtension }),
  };
  return {
    caller,
    handler: requestHandler(desk, agentCard(agent, facts)),
    headers,
    checkVersion: () => checkVersion(context.req.header(versionHeader), context.req.query(versionHeader)),
    place: { visitor, leave },
    streaming: (body) => new Response(body, { headers: { ...headers, ...eventStreamHeaders } }),
    report(thrown) {
      const defect = defectIn(thrown);
      if (defect !== undefined) facts.onError?.(defect, operation);
    },
  };
}

/** A request without a content type is taken for what it must be. */
function checkContentType(context: ServerContext, allowed: readonly string[]): void {
  const given = context.req.header("content-type");
  const mediaType = given?.split(";", 1)[0]?.trim().toLowerCase();
  if (mediaType !== undefined && mediaType !== "" && !allowed.includes(mediaType))
    throw new ContentTypeNotSupportedError(`the body is to be ${allowed.join(" or ")}`);
}
