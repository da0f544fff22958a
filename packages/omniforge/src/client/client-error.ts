/** What a request fails with: the server's problem, with its stable code; or that no server answered. */

const brand = Symbol.for("omniforge.error");

/** A problem document (RFC 9457) as the server sends it, as far as it can be relied on. */
export interface ProblemDocument {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly remedy?: string;
  readonly retryable?: boolean;
  /** Whatever else it says: the answer that came first, say. */
  readonly [more: string]: unknown;
}

/**
 * An error of a client. `code` is the server's, as in its table of errors; UNREACHABLE where no server answered, and
 * UNEXPECTED_ANSWER where something answered that is no server of OmniForge.
 */
export class ClientError extends Error {
  override readonly name = "ClientError";
  readonly code: string;
  /** The HTTP status; 0 where no server answered. */
  readonly status: number;
  readonly retryable: boolean;
  /** What to do next. */
  readonly remedy: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** How long the server wants to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(
    problem: ProblemDocument,
    options: { cause?: unknown; retryAfterMs?: number | undefined } = {},
  ) {
    super(problem.detail, options.cause === undefined ? undefined : { cause: options.cause });
    const { status, code, detail: _detail, remedy = "", retryable = false, ...details } = problem;
    this.status = status;
    this.code = code;
    this.remedy = remedy;
    this.retryable = retryable;
    this.details = details;
    this.retryAfterMs = options.retryAfterMs;
    // Programs that tell OmniForge's errors by their brand tell these alike.
    Object.defineProperty(this, brand, { value: true });
  }
}

/** The error that a response stands for: its problem document, or what can be said without one. */
export async function toClientError(response: Response, url: string): Promise<ClientError> {
  const retryAfterMs = readRetryAfter(response.headers.get("retry-after"));
  const body: unknown = await response.json().catch(() => undefined);
  if (isProblem(body)) return new ClientError({ ...body, status: response.status }, { retryAfterMs });
  return new ClientError(
    {
      status: response.status,
      code: "UNEXPECTED_ANSWER",
      detail: `${url} answered ${response.status}, and not as a server of OmniForge does`,
      remedy: "See whether the address is right, and what stands between.",
      retryable: response.status >= 500,
    },
    { retryAfterMs },
  );
}

/** The error for a server that can't be reached. */
export function unreachable(url: string, cause: unknown): ClientError {
  const why = cause instanceof Error ? reasonOf(cause) : String(cause);
  const detail = `no server answers at ${url}: ${why}`;
  const remedy = "Start it (omniforge serve), or correct its address.";
  return new ClientError({ status: 0, code: "UNREACHABLE", detail, remedy, retryable: true }, { cause });
}

/** `fetch failed` says nothing; why stands in its cause. */
function reasonOf(error: Error): string {
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  if (cause.message !== "") return cause.message;
  return "code" in cause && typeof cause.code === "string" ? cause.code : error.message;
}

/** Seconds, or a date. */
function readRetryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

function isProblem(body: unknown): body is ProblemDocument {
  if (typeof body !== "object" || body === null || !("code" in body) || !("detail" in body)) return false;
  return typeof body.code === "string" && typeof body.detail === "string";
}
