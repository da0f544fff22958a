/** The JSON-RPC binding (specification 9): the envelope, and what may be wrong with it. */
import type { Caller } from "../caller.ts";
import { parseJson } from "../read-body.ts";
import { rpcErrorOf, type RpcError } from "./errors.ts";
import { isOperation, perform } from "./operations.ts";
import { A2A_ERROR_CODE, type A2ARequestHandler } from "./sdk.ts";

export type RpcId = string | number | null;

export interface RpcResponse {
  readonly jsonrpc: "2.0";
  readonly id: RpcId;
  readonly result?: unknown;
  readonly error?: RpcError;
}

/** One answer and the status that HTTP says, or a stream of results. */
export type RpcOutcome =
  | { readonly status: number; readonly response: RpcResponse }
  | { readonly id: RpcId; readonly stream: AsyncGenerator<unknown, void, undefined> };

class EnvelopeError extends Error {
  override readonly name = "EnvelopeError";
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const invalid = (message: string): EnvelopeError =>
  new EnvelopeError(A2A_ERROR_CODE.INVALID_REQUEST, message);

/** What could not be read at all. */
export function unreadableRpc(message: string): { readonly status: number; readonly response: RpcResponse } {
  const error = { code: A2A_ERROR_CODE.PARSE_ERROR, message };
  return { status: 200, response: { jsonrpc: "2.0", id: null, error } };
}

/** Performs one call. Never throws: whatever happens becomes a response, and is reported. */
export async function performRpc(
  text: string,
  caller: Caller,
  handler: A2ARequestHandler,
  report: (thrown: unknown) => void,
): Promise<RpcOutcome> {
  let id: RpcId = null;
  try {
    const given = readEnvelope(text);
    id = idOf(given);
    const { method, params } = readCall(given);
    const outcome = await perform(method, params, caller, handler);
    if ("stream" in outcome) return { id, stream: outcome.stream };
    return { status: 200, response: { jsonrpc: "2.0", id, result: outcome.result } };
  } catch (thrown) {
    return failedRpc(id, thrown, report);
  }
}

export function failedRpc(
  id: RpcId,
  thrown: unknown,
  report: (thrown: unknown) => void,
): { readonly status: number; readonly response: RpcResponse } {
  if (thrown instanceof EnvelopeError) {
    const { code, message } = thrown;
    return { status: 200, response: { jsonrpc: "2.0", id, error: { code, message } } };
  }
  report(thrown);
  const { status, error } = rpcErrorOf(thrown);
  return { status, response: { jsonrpc: "2.0", id, error } };
}

function readEnvelope(text: string): Record<string, unknown> {
  let given: unknown;
  try {
    given = parseJson(text);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : "the body is no JSON";
    throw new EnvelopeError(A2A_ERROR_CODE.PARSE_ERROR, why);
  }
  if (Array.isArray(given)) throw invalid("batches are not supported: send one request at a time");
  if (typeof given !== "object" || given === null) throw invalid("a request is an object");
  return { ...given };
}

/** The id, as far as there is one that can be given back. */
function idOf({ id }: Record<string, unknown>): RpcId {
  if (typeof id === "number") return Number.isSafeInteger(id) ? id : null;
  return typeof id === "string" && id.length <= 1_000 ? id : null;
}

function readCall(given: Record<string, unknown>): { readonly method: string; readonly params: unknown } {
  const { jsonrpc, method, params = {} } = given;
  if (jsonrpc !== "2.0") throw invalid('jsonrpc: must be "2.0"');
  if (idOf(given) === null)
    throw invalid("id: must be a whole number, or a string of at most 1000 characters; every method answers");
  if (typeof method !== "string" || method === "") throw invalid("method: must be a string");
  if (!isOperation(method))
    throw new EnvelopeError(A2A_ERROR_CODE.METHOD_NOT_FOUND, `there is no method ${method.slice(0, 100)}`);
  if (typeof params !== "object" || params === null || Array.isArray(params))
    throw new EnvelopeError(A2A_ERROR_CODE.INVALID_PARAMS, "params: must be an object");
  return { method, params };
}
