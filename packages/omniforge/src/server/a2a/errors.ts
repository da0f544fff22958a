/**
 * What went wrong, as A2A says it (specification 3.3.2, 5.4, 9.5 and 11.6). The bindings write it out; nobody else names a
 * number.
 *
 * Invariant: what is no error of ours, and what may name this machine's files, is told as an internal error without its
 * message.
 */
import { OmniForgeError, type ErrorCode } from "../../protocol/error.ts";
import {
  A2AError,
  A2A_ERROR_CODE,
  RequestMalformedError,
  restStatusFor,
  TaskNotFoundError,
  toJsonRpcError,
  toRestErrorBody,
  UnsupportedOperationError,
} from "./sdk.ts";

/** Who may not, or not now: A2A leaves these to HTTP. Their names in Google's error model. */
const access: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: "UNAUTHENTICATED",
  FORBIDDEN: "PERMISSION_DENIED",
  RATE_LIMITED: "RESOURCE_EXHAUSTED",
  AGENT_NOT_FOUND: "NOT_FOUND",
  ROUTE_NOT_FOUND: "NOT_FOUND",
  METHOD_NOT_ALLOWED: "NOT_FOUND",
  BODY_TOO_LARGE: "INVALID_ARGUMENT",
  HOST_REFUSED: "PERMISSION_DENIED",
  ORIGIN_REFUSED: "PERMISSION_DENIED",
  CLOSED: "UNAVAILABLE",
};
const unsupported: readonly ErrorCode[] = [
  "TASK_ENDED",
  "ALREADY_ANSWERED",
  "DEADLINE_PASSED",
  "INPUT_NOT_FOUND",
];
const malformed: readonly ErrorCode[] = ["INVALID_INPUT", "TASK_CONFLICT"];

/** The A2A error that says it. The stable code of ours travels in the error's metadata. */
export function toA2AError(thrown: unknown): A2AError {
  if (thrown instanceof A2AError) return thrown;
  if (!OmniForgeError.is(thrown)) return internalError("INTERNAL", thrown);
  const { code, message, remedy } = thrown;
  const options = { message, metadata: { code, remedy } };
  if (code === "TASK_NOT_FOUND") return new TaskNotFoundError(options);
  if (unsupported.includes(code)) return new UnsupportedOperationError(options);
  if (malformed.includes(code)) return new RequestMalformedError(options);
  return internalError(code, thrown);
}

/** What happened is its cause, for `defectIn`. */
function internalError(code: ErrorCode, cause: unknown): A2AError {
  const message = "the server could not do this; its log says why";
  return new A2AError({ message, metadata: { code }, cause });
}

/** What should not have happened, where that is what was thrown: for the server's log, and nobody else. */
export function defectIn(thrown: unknown): unknown {
  const error = refusal(thrown) === undefined ? toA2AError(thrown) : undefined;
  return error !== undefined && restStatusFor(error) === 500 ? (error.cause ?? error) : undefined;
}

/** A wrong parameter (-32602, 400), told by its name. */
export function malformedError(message: string): A2AError {
  return new RequestMalformedError({ message, metadata: { code: "INVALID_INPUT" } });
}

/** What is refused before A2A has a word for it. */
function refusal(thrown: unknown): { readonly error: OmniForgeError; readonly status: string } | undefined {
  if (!OmniForgeError.is(thrown)) return undefined;
  const status = access[thrown.code];
  return status === undefined ? undefined : { error: thrown, status };
}

function detailsOf({ code, remedy }: OmniForgeError): Record<string, unknown>[] {
  const info = { reason: code, domain: "omniforge", metadata: { remedy } };
  return [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", ...info }];
}

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** For JSON-RPC: HTTP says 200 unless the request was refused before it was looked at, or the server failed. */
export function rpcErrorOf(thrown: unknown): { readonly status: number; readonly error: RpcError } {
  const refused = refusal(thrown);
  if (refused !== undefined) {
    const { error } = refused;
    const told = { code: A2A_ERROR_CODE.INVALID_REQUEST, message: error.message, data: detailsOf(error) };
    return { status: error.status, error: told };
  }
  const error = toJsonRpcError(toA2AError(thrown));
  return { status: error.code === A2A_ERROR_CODE.INTERNAL_ERROR ? 500 : 200, error };
}

/** For HTTP+JSON: a `google.rpc.Status`. */
export function restErrorOf(thrown: unknown): { readonly status: number; readonly body: unknown } {
  const refused = refusal(thrown);
  if (refused !== undefined) {
    const { error, status } = refused;
    const told = { code: error.status, status, message: error.message, details: detailsOf(error) };
    return { status: error.status, body: { error: told } };
  }
  const error = toA2AError(thrown);
  const status = restStatusFor(error);
  return { status, body: toRestErrorBody(error, status) };
}
