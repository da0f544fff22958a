/**
 * The one error class and the one table of codes.
 *
 * Owns: every code, its HTTP status, whether the same call may be tried again, and what a person should do next.
 * Retry decisions read `retryable`, never the message. Errors are recognised by brand, not `instanceof`, because they
 * cross realms (a workflow sandbox, two copies of the package).
 */
interface ErrorRow {
  readonly status: number;
  readonly retryable: boolean;
  readonly remedy: string;
}

export const errorTable = {
  INVALID_INPUT: { status: 400, retryable: false, remedy: "Correct the named field and send it again." },
  INVALID_AGENT: { status: 400, retryable: false, remedy: "Correct the agent's definition." },
  TASK_NOT_FOUND: { status: 404, retryable: false, remedy: "List the tasks to find the right id." },
  AGENT_NOT_FOUND: { status: 404, retryable: false, remedy: "List the agents, or register this one." },
  TOOL_NOT_FOUND: {
    status: 404,
    retryable: false,
    remedy: "Register the tool, or take it out of the agent.",
  },
  TOOL_EXISTS: {
    status: 409,
    retryable: false,
    remedy: "Choose another name, or replace the tool explicitly.",
  },
  MODEL_NOT_FOUND: {
    status: 404,
    retryable: false,
    remedy: "Register the model, or name one that is registered.",
  },
  MODEL_PACKAGE_MISSING: {
    status: 501,
    retryable: false,
    remedy: "Install the package that the message names.",
  },
  INPUT_NOT_FOUND: { status: 404, retryable: false, remedy: "Show the task to see what it waits for." },
  ALREADY_ANSWERED: { status: 409, retryable: false, remedy: "Nothing: the first answer counts." },
  DEADLINE_PASSED: {
    status: 409,
    retryable: false,
    remedy: "Nothing: the request's default action was taken.",
  },
  TASK_ENDED: { status: 409, retryable: false, remedy: "Start a new task." },
  TASK_NOT_ENDED: { status: 409, retryable: false, remedy: "Cancel the task first, or wait until it ends." },
  TASK_CONFLICT: {
    status: 409,
    retryable: false,
    remedy: "Use another id or idempotency key for another request.",
  },
  TASK_LOST: { status: 409, retryable: true, remedy: "Nothing: another process runs the task now." },
  PARENT_ENDED: {
    status: 409,
    retryable: false,
    remedy: "Nothing: a sub-agent is not started for a task that has ended.",
  },
  LIMIT_REACHED: { status: 422, retryable: false, remedy: "Raise the agent's limits, or split the work." },
  PRICE_UNKNOWN: {
    status: 422,
    retryable: false,
    remedy: "Give the model's prices in modelFacts, or take the limit of cost away.",
  },
  CONTEXT_FULL: {
    status: 422,
    retryable: false,
    remedy: "Use a model with a longer context, or smaller results.",
  },
  OUTPUT_INVALID: {
    status: 502,
    retryable: false,
    remedy: "See the model's last answer; simplify the schema, or use a stronger model.",
  },
  MODEL_FAILED: { status: 502, retryable: true, remedy: "See the recorded attempts; check the provider." },
  MODEL_REFUSED: {
    status: 502,
    retryable: false,
    remedy: "See the recorded attempt; correct the key or the request.",
  },
  TOOL_FAILED: { status: 502, retryable: false, remedy: "See the tool's message." },
  TOOL_TIMEOUT: { status: 504, retryable: false, remedy: "Raise the tool's timeoutMs, or make it faster." },
  TOOL_NOT_HERE: { status: 503, retryable: true, remedy: "Start a process that registers this tool." },
  MODEL_NOT_HERE: {
    status: 503,
    retryable: true,
    remedy: "Start a process that registers this model.",
  },
  POISONED: {
    status: 500,
    retryable: false,
    remedy: "This step killed its process five times; look at what it does.",
  },
  ENGINE_CLOSED: {
    status: 410,
    retryable: false,
    remedy: "Somebody ended the task's execution from outside; start a new task.",
  },
  ENGINE_MISSING: { status: 501, retryable: false, remedy: "Install the package that the message names." },
  ENGINE_UNREACHABLE: {
    status: 503,
    retryable: true,
    remedy: "Start the engine's server, or correct its address.",
  },
  ENGINE_ELSEWHERE: {
    status: 409,
    retryable: false,
    remedy:
      "Point to the server that has the tasks; or, when it is gone for good, stop all workers and run temporal setup --take-over.",
  },
  ERASE_INCOMPLETE: {
    status: 503,
    retryable: true,
    remedy: "Erase it again once the other program has let go of the database.",
  },
  STORE_TOO_NEW: {
    status: 500,
    retryable: false,
    remedy: "Use the release that wrote this data, or a newer one.",
  },
  STORE_CORRUPT: {
    status: 500,
    retryable: false,
    remedy: "Stop what uses this data, keep a copy of it, and restore the last backup in its place.",
  },
  STORE_UNREACHABLE: {
    status: 503,
    retryable: true,
    remedy: "Start the database server, or correct its address; tasks go on when it is back.",
  },
  STORE_PACKAGE_MISSING: {
    status: 501,
    retryable: false,
    remedy: "Install the package that the message names.",
  },
  EVENTS_UNREACHABLE: {
    status: 503,
    retryable: true,
    remedy: "Start Redis, or correct its address; running text is told again when it is back.",
  },
  EVENTS_PACKAGE_MISSING: {
    status: 501,
    retryable: false,
    remedy: "Install the package that the message names.",
  },
  STORE_FAILED: { status: 500, retryable: true, remedy: "See the cause; check the disk." },
  PATH_OUTSIDE: { status: 403, retryable: false, remedy: "Name a path inside the workspace." },
  URL_REFUSED: { status: 403, retryable: false, remedy: "Name a public http or https address." },
  COMMAND_REFUSED: { status: 403, retryable: false, remedy: "See which rule forbids the command." },
  UNAUTHENTICATED: {
    status: 401,
    retryable: false,
    remedy: "Send a valid key: Authorization: Bearer <key>.",
  },
  KEY_NOT_FOUND: { status: 404, retryable: false, remedy: "List the keys to find the right id." },
  FORBIDDEN: { status: 403, retryable: false, remedy: "Use a key whose role allows this." },
  HOST_REFUSED: {
    status: 421,
    retryable: false,
    remedy: "Use the server's own name, or let it answer to this one (serve --allow-host).",
  },
  ORIGIN_REFUSED: {
    status: 403,
    retryable: false,
    remedy: "Allow the page's origin where the server is started (serve --allow-origin).",
  },
  ROUTE_NOT_FOUND: { status: 404, retryable: false, remedy: "See /docs for what there is." },
  METHOD_NOT_ALLOWED: { status: 405, retryable: false, remedy: "Use a method that the header Allow names." },
  NOT_ACCEPTABLE: { status: 406, retryable: false, remedy: "Accept a media type that /docs names." },
  PRECONDITION_FAILED: { status: 412, retryable: false, remedy: "Read it again, and decide again." },
  BODY_TOO_LARGE: { status: 413, retryable: false, remedy: "Send less, or raise the server's limit." },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    retryable: false,
    remedy: "Send a content type that /docs names.",
  },
  IDEMPOTENCY_MISMATCH: {
    status: 422,
    retryable: false,
    remedy: "Use a new Idempotency-Key for another request.",
  },
  RATE_LIMITED: { status: 429, retryable: true, remedy: "Wait as long as Retry-After says." },
  ARTIFACT_NOT_FOUND: { status: 404, retryable: false, remedy: "Show the task to see what it made." },
  CLOSED: { status: 503, retryable: true, remedy: "Open a new OmniForge; this one has been closed." },
  INTERNAL: { status: 500, retryable: false, remedy: "This is a defect: report it with the message." },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

/** An error as it is stored and sent. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

const brand = Symbol.for("omniforge.error");

export class OmniForgeError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "OmniForgeError";
    this.code = code;
    this.details = options.details ?? {};
    Object.defineProperty(this, brand, { value: true });
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  get retryable(): boolean {
    return errorTable[this.code].retryable;
  }

  get remedy(): string {
    return errorTable[this.code].remedy;
  }

  /** Whether the value is an OmniForge error, of this code where one is given; works across realms. */
  static is(value: unknown, code?: ErrorCode): value is OmniForgeError {
    if (typeof value !== "object" || value === null || !(brand in value)) return false;
    return code === undefined || ("code" in value && value.code === code);
  }
}

/** Longer messages are cut: what failed is told, not everything that it held. */
const maximumMessage = 10_000;

/** What anything thrown is stored as; never throws, whatever was thrown (an object whose every member throws, say). */
export function toFailure(thrown: unknown, fallback: ErrorCode = "INTERNAL"): Failure {
  try {
    if (OmniForgeError.is(thrown)) return { code: thrown.code, message: inShort(thrown.message) };
    if (isError(thrown)) return { code: fallback, message: inShort(thrown.message || thrown.name) };
    if (typeof thrown === "string") return { code: fallback, message: inShort(thrown) };
  } catch {
    // It can't be looked at: told below.
  }
  return { code: fallback, message: "something that is not an Error was thrown" };
}

/** Its own words. Several addresses of one name that all refuse give an error that says nothing itself. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === "")
    return thrown.errors.map(messageOf).join("; ");
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function inShort(message: string): string {
  if (message.length <= maximumMessage) return message;
  return `${message.slice(0, maximumMessage)}… (${message.length} characters)`;
}

/** By its shape: the class of an error that another realm threw is not ours. */
function isError(thrown: unknown): thrown is Error {
  if (typeof thrown !== "object" || thrown === null || !("message" in thrown) || !("name" in thrown))
    return false;
  return typeof thrown.message === "string" && typeof thrown.name === "string";
}
