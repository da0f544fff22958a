/**
 * What a client is told when something went wrong: problem+json (RFC 9457) with the stable code of the error table.
 *
 * Invariant: what is no OmniForgeError is told as INTERNAL, without its message: it may name paths or secrets.
 */
import { z } from "zod";
import { OmniForgeError, type ErrorCode } from "../protocol/error.ts";

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    /** What to do next. */
    remedy: z.string(),
    /** Whether the same request may be sent again. */
    retryable: z.boolean(),
  })
  .loose();
export type Problem = z.infer<typeof problem>;

/** Codes whose messages may name this machine's files: told without them. */
const internal: readonly ErrorCode[] = ["INTERNAL", "STORE_FAILED", "STORE_CORRUPT", "STORE_TOO_NEW"];

/** The problem document of anything thrown. */
export function toProblem(thrown: unknown, more: Record<string, unknown> = {}): Problem {
  const known = OmniForgeError.is(thrown) ? thrown : undefined;
  const error =
    known !== undefined && !internal.includes(known.code)
      ? known
      : new OmniForgeError(known?.code ?? "INTERNAL", "the server could not do this; its log says why");
  return {
    type: `urn:omniforge:error:${error.code}`,
    title: error.code.toLowerCase().replaceAll("_", " "),
    status: error.status,
    detail: error.message,
    code: error.code,
    remedy: error.remedy,
    retryable: error.retryable,
    ...more,
  };
}

/** What the header fields of a refusal say: how to come in, and when to come again. */
function headersOf(thrown: unknown): Record<string, string> {
  if (OmniForgeError.is(thrown, "UNAUTHENTICATED")) return { "www-authenticate": 'Bearer realm="omniforge"' };
  if (!OmniForgeError.is(thrown, "RATE_LIMITED")) return {};
  const { retryAfterSeconds } = thrown.details;
  return typeof retryAfterSeconds === "number" ? { "retry-after": String(retryAfterSeconds) } : {};
}

/** The response that says it. */
export function problemResponse(
  thrown: unknown,
  headers: Record<string, string> = {},
  more: Record<string, unknown> = {},
): Response {
  const body = toProblem(thrown, more);
  return new Response(JSON.stringify(body), {
    status: body.status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...headersOf(thrown),
      ...headers,
    },
  });
}
