/**
 * A connection to a Temporal server, and its end.
 *
 * Owns: how often a call is tried again. Invariant: the connection ends when no call is under way any more. The client tries
 * again by a timer, and one that finds the connection closed throws where nobody can catch it, which ends the process.
 */
import { Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from "@temporalio/client";
import type { Place } from "./options.ts";
import { connected, unavailable } from "./reach.ts";

/**
 * Between two tries at a server that is away. The client's own limit is five times as long, and a close waits for the next
 * try. One that asks for patience gets the client's.
 */
const longestPauseMs = 1_000;

export interface OpenConnection {
  readonly connection: Connection;
  /** Performs calls that must be over before the connection ends. */
  readonly during: <Value>(perform: () => Promise<Value>) => Promise<Value>;
  /** Waits for the calls that are under way; none of them is tried again. */
  readonly close: () => Promise<void>;
}

/** Connects. Throws ENGINE_UNREACHABLE when the server does not answer in time. */
export async function openConnection(place: Place): Promise<OpenConnection> {
  const usual = defaultGrpcRetryOptions();
  const underWay = new Set<Promise<unknown>>();
  let isClosing = false;
  const retries = makeGrpcRetryInterceptor({
    retryableDecider: (attempt, status) => !isClosing && usual.retryableDecider(attempt, status),
    delayFunction(attempt, status) {
      const usualMs = usual.delayFunction(attempt, status);
      const code: number = status.code;
      if (code !== unavailable || usualMs < longestPauseMs) return usualMs;
      // Not all at once.
      return longestPauseMs * (0.75 + Math.random() / 4);
    },
  });
  const connection = await connected(place, (connectTimeout) =>
    Connection.connect({ ...place.connection, connectTimeout, interceptors: [retries] }),
  );
  return {
    connection,
    async during(perform) {
      const performed = perform();
      underWay.add(performed);
      try {
        return await performed;
      } finally {
        underWay.delete(performed);
      }
    },
    async close() {
      isClosing = true;
      while (underWay.size > 0) await Promise.allSettled(underWay);
      await connection.close();
    },
  };
}
