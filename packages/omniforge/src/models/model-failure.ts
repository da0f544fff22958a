/**
 * Why a model call failed, and whether another attempt can help.
 *
 * Owns: which failures are worth another attempt, and which mean that the context is full. Does not read the shapes that
 * they come in (`told-failure.ts`), and does not retry: the interpreter owns that.
 */
import { OmniForgeError } from "../protocol/error.ts";
import { noUsage, type Usage } from "../protocol/message.ts";
import { saysContextFull } from "./context-full.ts";
import { AISDKError } from "./language-model.ts";
import { retryAfterMs } from "./retry-after.ts";
import { readable, tell, type Told } from "./told-failure.ts";

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

/**
 * Classifies anything that a model call threw or streamed as an error. OmniForge's own errors stay what they are.
 * `now` in epoch milliseconds.
 */
export function toModelFailure(given: unknown, usage: Usage, now: number): ModelFailure | OmniForgeError {
  const thrown = readable(given);
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
