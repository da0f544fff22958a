/** What an error of the driver or the server means: whether the connection is gone, and what may have come about. */
import { messageOf, OmniForgeError } from "../../protocol/error.ts";

/** Nothing is known of what was asked but this: `sent` false, and nothing of it has come about. */
export class Lost extends Error {
  readonly sent: boolean;

  constructor(cause: unknown, sent: boolean) {
    super(messageOf(cause), { cause });
    this.sent = sent;
  }
}

/** By SQLSTATE: the server goes, or can't take anybody now. 08 is the whole class of broken connections. */
const goneStates = new Set(["57P01", "57P02", "57P03", "57P05", "53300"]);
/** The server undid what was asked, and says that it may be asked again. 25006: it has become a standby. */
const undoneStates = new Set(["40001", "40P01", "55P03", "25P03", "25006"]);
const brokenSockets = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "ENOTFOUND",
  "ENOENT",
]);
/** The driver's own errors have no code. */
const ownWords =
  /Connection terminated|connection error and is not queryable|timeout exceeded when trying to connect|Query read timeout|Client was closed|Connection ended/i;

/** Whether the connection can't be used any more, or what was asked was undone by the server. */
export function toLost(thrown: unknown): Lost | undefined {
  const code = codeOf(thrown);
  if (undoneStates.has(code)) return new Lost(thrown, false);
  const isGone =
    goneStates.has(code) ||
    /^08...$/.test(code) ||
    brokenSockets.has(code) ||
    (code === "" && ownWords.test(messageOf(thrown)));
  return isGone ? new Lost(thrown, true) : undefined;
}

/** What the server refused, as it is told. */
export function refusal(thrown: unknown): unknown {
  if (OmniForgeError.is(thrown)) return thrown;
  return new OmniForgeError("STORE_FAILED", `the database refused: ${messageOf(thrown)}`, { cause: thrown });
}

/** A row of the same unique columns is there. */
export function isTaken(thrown: unknown): boolean {
  return OmniForgeError.is(thrown, "STORE_FAILED") && codeOf(thrown.cause) === "23505";
}

export function unreachable(shown: string, thrown: unknown): OmniForgeError {
  const unsure = thrown instanceof Lost && thrown.sent ? "; what was asked of it may have come about" : "";
  return new OmniForgeError(
    "STORE_UNREACHABLE",
    `the database ${shown} can't be reached: ${messageOf(thrown)}${unsure}`,
    { cause: thrown },
  );
}

function codeOf(thrown: unknown): string {
  const isCoded = typeof thrown === "object" && thrown !== null && "code" in thrown;
  return isCoded && typeof thrown.code === "string" ? thrown.code : "";
}
