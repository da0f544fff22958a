/**
 * Reaching a Temporal server: how long one that is not there is waited for, and saying why it is not.
 *
 * Owns: turning a server that does not answer into ENGINE_UNREACHABLE, with what to do. What does not mend itself is not
 * waited for: a server that answers and refuses the credentials, and a machine without CA certificates.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceError, isGrpcServiceError, type ConnectionLike } from "@temporalio/client";
import { OmniForgeError } from "omniforge/protocol";
import { lookAt } from "./look-at-port.ts";
import type { Place } from "./options.ts";

/** One attempt at connecting. */
const attemptMs = 5_000;
/** Between two of them. */
const pauseMs = 200;
const sayAgainMs = 30_000;

/** gRPC's codes. */
const deadlineExceeded = 4;
export const notFound = 5;
/** May not look, and may well be allowed to use it. */
export const permissionDenied = 7;
export const unimplemented = 12;
export const unavailable = 14;
const unauthenticated = 16;
const away = new Set([deadlineExceeded, unavailable]);

/** Connects, and sees to it that the namespace is there; a server that is not up yet gets its time. */
export async function connected<Connection extends Pick<ConnectionLike, "workflowService" | "close">>(
  place: Place,
  connect: (limitMs: number) => Promise<Connection>,
): Promise<Connection> {
  const deadline = Date.now() + place.connectTimeoutMs;
  let saidAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    try {
      return await attempt(place, connect, Math.max(1, Math.min(attemptMs, deadline - Date.now())));
    } catch (thrown) {
      if (!OmniForgeError.is(thrown, "ENGINE_UNREACHABLE") || isLasting(thrown.cause)) throw thrown;
      if (Date.now() >= deadline) throw thrown;
      if (Date.now() - saidAt >= sayAgainMs) {
        saidAt = Date.now();
        place.onNotice(`${thrown.message} Waiting for it.`);
      }
    }
    await sleep(pauseMs);
  }
}

async function attempt<Connection extends Pick<ConnectionLike, "workflowService" | "close">>(
  place: Place,
  connect: (limitMs: number) => Promise<Connection>,
  limitMs: number,
): Promise<Connection> {
  const connection = await connect(limitMs).catch(async (thrown: unknown) => {
    throw isAway(thrown) ? unreachable(place, thrown, await lookAt(place)) : lasting(place, thrown);
  });
  try {
    await namespaceThere(place, connection);
    return connection;
  } catch (thrown) {
    await connection.close();
    throw thrown;
  }
}

async function namespaceThere(
  place: Place,
  { workflowService }: Pick<ConnectionLike, "workflowService">,
): Promise<void> {
  const { address, namespace } = place;
  try {
    await reach(place, () => workflowService.describeNamespace({ namespace }));
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === permissionDenied) return;
    if (code !== notFound) throw thrown;
    const message =
      `the Temporal server at ${address} has no namespace ${namespace}. ` +
      "Create it, or say which one to use (TEMPORAL_NAMESPACE, or the namespace option).";
    throw new OmniForgeError("ENGINE_UNREACHABLE", message, { cause: thrown });
  }
}

/** Performs something with the server; whatever means "not there" becomes ENGINE_UNREACHABLE, with what to do. */
export async function reach<Value>(place: Place, perform: () => Promise<Value>): Promise<Value> {
  try {
    return await perform();
  } catch (thrown) {
    throw isAway(thrown) ? unreachable(place, thrown) : lasting(place, thrown);
  }
}

function unreachable({ address, namespace }: Place, cause: unknown, found?: string): OmniForgeError {
  const message =
    `no Temporal server answers at ${address} (namespace ${namespace})${found === undefined ? "" : `: ${found}`}. ` +
    "Start one (omniforge temporal dev), or say where it is (TEMPORAL_ADDRESS, or the address option).";
  return new OmniForgeError("ENGINE_UNREACHABLE", message, { cause });
}

/** What may pass, or is no matter of reaching the server, stays what it is. */
function lasting({ address }: Place, thrown: unknown): unknown {
  if (!isLasting(thrown)) return thrown;
  const message = lacksCertificates(thrown)
    ? `there are no CA certificates here, so the TLS connection to ${address} can't be trusted. ` +
      "Install the package ca-certificates, or name a CA (TEMPORAL_TLS_SERVER_CA_CERT_PATH, or the profile)."
    : `the Temporal server at ${address} refuses the credentials. ` +
      "Correct them (TEMPORAL_API_KEY, TEMPORAL_TLS_CLIENT_CERT_PATH, or the profile).";
  return new OmniForgeError("ENGINE_UNREACHABLE", message, { cause: thrown });
}

const isRefused = (thrown: unknown): boolean =>
  codeOf(thrown) === unauthenticated || (thrown instanceof Error && /unauthenticated/i.test(thrown.message));

/** In these words alone the worker's native parts say so. */
const lacksCertificates = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.message.includes("NativeCertsNotFound");

const isLasting = (thrown: unknown): boolean => isRefused(thrown) || lacksCertificates(thrown);

function isAway(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || isLasting(thrown)) return false;
  if (thrown.name === "TransportError" || /connect before the deadline/i.test(thrown.message)) return true;
  const code = codeOf(thrown);
  return code !== undefined && away.has(code);
}

/** The gRPC code of what was thrown, or of what it wraps. */
export function codeOf(thrown: unknown): number | undefined {
  if (isGrpcServiceError(thrown)) return thrown.code;
  return thrown instanceof ServiceError && isGrpcServiceError(thrown.cause) ? thrown.cause.code : undefined;
}
