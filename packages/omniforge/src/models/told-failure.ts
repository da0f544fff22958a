/**
 * What is known of a failed model call, whatever shape it came in: an `APICallError`, a plain object that a stream
 * carried (with or without a status), a broken socket.
 */
import { z } from "zod";
import { APICallError } from "./language-model.ts";

/** What is known of a failure, whatever shape it came in. */
export interface Told {
  readonly message: string;
  /** HTTP status, or what a provider's stream said in its place. */
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** The provider package's own judgement. */
  readonly retryable?: boolean;
}

/** What was thrown, or an Error in its place where it does not let itself be looked at. */
export function readable(thrown: unknown): unknown {
  try {
    // Asks all that is asked of it later: a proxy, or a getter that throws, throws here.
    if (typeof thrown === "object" && thrown !== null)
      void [thrown instanceof Error, APICallError.isInstance(thrown), tell(thrown)];
    return thrown;
  } catch {
    return new Error("the model's provider reported an error that can't be read");
  }
}

/** Reads it; throws only what `readable` has replaced. */
export function tell(thrown: unknown): Told {
  if (APICallError.isInstance(thrown)) {
    const { statusCode, responseHeaders, responseBody, isRetryable } = thrown;
    return {
      message: ownWords(thrown.message, statusCode, responseBody),
      retryable: isRetryable,
      ...(statusCode !== undefined && { status: statusCode }),
      ...(responseHeaders !== undefined && { headers: responseHeaders }),
      ...(responseBody !== undefined && { body: responseBody }),
    };
  }
  if (thrown instanceof Error) return { message: causes(thrown).join(": ") || thrown.name };
  if (typeof thrown === "object" && thrown !== null) return tellObject(new Map(Object.entries(thrown)));
  return {
    message: typeof thrown === "string" && thrown !== "" ? thrown : "the model's provider reported an error",
  };
}

/** Where a package could not read an error's body, it tells the status's name; what the server wrote is better. */
function ownWords(message: string, status: number | undefined, text: string | undefined): string {
  if (message !== "" && message !== process.getBuiltinModule("node:http").STATUS_CODES[status ?? 0])
    return message;
  const known = message === "" ? `the model's provider answered ${status ?? "nothing"}` : message;
  try {
    const written = anyErrorBody.safeParse(JSON.parse(text ?? ""));
    return written.success ? `${known}: ${written.data.slice(0, 1000)}` : known;
  } catch {
    return known;
  }
}

/** OpenAI's and Google's `error.message`, Ollama's `error`, FastAPI's `detail`. */
const anyErrorBody = z.union([
  z.object({ error: z.object({ message: z.string() }) }).transform(({ error }) => error.message),
  z.object({ error: z.string() }).transform(({ error }) => error),
  z.object({ message: z.string() }).transform(({ message }) => message),
  z.object({ detail: z.string() }).transform(({ detail }) => detail),
]);

/** An error as a stream carries it: `{message, type?, code?}`, sometimes below `error`, sometimes with a status. */
function tellObject(error: ReadonlyMap<string, unknown>): Told {
  const inner = error.get("error");
  if (!error.has("message") && inner !== undefined) return tell(inner);
  const [message, retryable] = [error.get("message"), error.get("isRetryable")];
  const status = [error.get("statusCode"), error.get("status"), error.get("code")]
    .map(Number)
    .find(isErrorStatus);
  const names = [error.get("type"), error.get("code")].filter((name) => typeof name === "string").join(" ");
  const named = status ?? statusNamed(names);
  return {
    message:
      typeof message === "string" && message !== "" ? message : "the model's provider reported an error",
    body: asJson(error),
    ...(named !== undefined && { status: named }),
    ...(typeof retryable === "boolean" && { retryable }),
  };
}

function asJson(error: ReadonlyMap<string, unknown>): string {
  try {
    return JSON.stringify(Object.fromEntries(error));
  } catch {
    return "";
  }
}

const isErrorStatus = (status: number): boolean => Number.isInteger(status) && status >= 400 && status <= 599;

/** The status that an error's type stands for, where a stream could not send one. */
function statusNamed(names: string): number | undefined {
  for (const [name, status] of namedStatuses) if (name.test(names)) return status;
  return undefined;
}

const namedStatuses: readonly (readonly [RegExp, number])[] = [
  [/rate_?limit|too_many_requests|quota/i, 429],
  [/overloaded/i, 529],
  [/authentication|invalid_api_key|unauthori[sz]ed/i, 401],
  [/permission|forbidden/i, 403],
  [/not_found/i, 404],
  [/invalid|bad_?request|context_length/i, 400],
];

/** A broken socket says only "terminated"; why stands in its cause. */
function causes(error: Error, depth = 0): string[] {
  const { cause } = error;
  const rest = cause instanceof Error && depth < 3 ? causes(cause, depth + 1) : [];
  return [error.message, ...rest].filter((text, at, all) => text !== "" && all.indexOf(text) === at);
}
