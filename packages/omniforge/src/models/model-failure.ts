/**
 * Why a model call failed, and whether another attempt can help.
 *
 * Owns: reading what providers throw and what they put into their streams (an `APICallError`, a plain object with or
 * without a status, a broken socket). Does not retry: the interpreter owns that.
 */
import { OmniForgeError } from "../protocol/error.ts";
import { noUsage, type Usage } from "../protocol/message.ts";
import { saysContextFull } from "./context-full.ts";
import { AISDKError, APICallError } from "./language-model.ts";
import { retryAfterMs } from "./retry-after.ts";

/** Why an attempt at a model call failed. */
export class ModelFailure extends Error {
  override readonly name = "ModelFailure";
  readonly retryable: boolean;
  readonly contextFull: boolean;
  readonly retryAfterMs: number | undefined;
  readonly usage: Usage;

  constructor(
    message: string,
    options: {
      retryable: boolean;
      contextFull?: boolean;
      retryAfterMs?: number;
      usage?: Usage;
      cause?: unknown;
    },
  ) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable;
    this.contextFull = options.contextFull ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.usage = options.usage ?? noUsage;
  }
}

/** What is known of a failure, whatever shape it came in. */
interface Told {
  readonly message: string;
  /** HTTP status, or what a provider's stream said in its place. */
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** The provider package's own judgement. */
  readonly retryable?: boolean;
}

/**
 * Classifies anything that a model call threw or streamed as an error. OmniForge's own errors stay what they are.
 * `now` in epoch milliseconds.
 */
export function toModelFailure(thrown: unknown, usage: Usage, now: number): ModelFailure | OmniForgeError {
  if (thrown instanceof ModelFailure || OmniForgeError.is(thrown)) return thrown;
  const told = tell(thrown);
  const contextFull = saysContextFull(told.status, `${told.message} ${told.body?.slice(0, 2000) ?? ""}`);
  const after = retryAfterMs(told.headers, told.body, now);
  return new ModelFailure(told.message, {
    retryable: !contextFull && isWorthRetrying(thrown, told),
    contextFull,
    usage,
    cause: thrown,
    ...(after !== undefined && { retryAfterMs: after }),
  });
}

/** Statuses below 500 that another attempt may cure: timeout, conflict, too early, too many requests. */
const passing = new Set([408, 409, 425, 429]);
/** A spent budget answers 429 as a full minute does, but no waiting cures it. */
const spent = /insufficient_quota|billing_hard_limit|exceeded your current quota, please check your plan/i;
/** Thrown before anything was sent: a missing key, a prompt that the provider can't express. */
const ours =
  /^AI_(LoadAPIKey|LoadSetting|InvalidArgument|InvalidPrompt|UnsupportedFunctionality|NoSuchModel|NoSuchProviderReference|TooManyEmbeddingValuesForCall)Error$/;

function isWorthRetrying(thrown: unknown, { message, status, headers, body, retryable }: Told): boolean {
  if (spent.test(`${message} ${body ?? ""}`)) return isGoogle(body);
  if (headers?.["x-should-retry"] === "false") return false;
  if (status !== undefined && status >= 400) return passing.has(status) || status >= 500;
  if (AISDKError.isInstance(thrown) && ours.test(thrown.name)) return false;
  return retryable ?? true;
}

/** Google words a full minute as a spent budget; it alone says when to come back. */
function isGoogle(body: string | undefined): boolean {
  return body?.includes("google.rpc.RetryInfo") === true;
}

function tell(thrown: unknown): Told {
  if (APICallError.isInstance(thrown)) {
    const { statusCode, responseHeaders, responseBody, isRetryable } = thrown;
    return {
      message: thrown.message || `the model's provider answered ${statusCode ?? "nothing"}`,
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
    body: written(error),
    ...(named !== undefined && { status: named }),
    ...(typeof retryable === "boolean" && { retryable }),
  };
}

function written(error: ReadonlyMap<string, unknown>): string {
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
