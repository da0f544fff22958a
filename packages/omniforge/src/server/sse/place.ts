/** A place among the server's open streams, for as long as a request is answered. */
import { OmniForgeError } from "../../protocol/error.ts";
import type { ServerEnv } from "../env.ts";
import type { OpenStream } from "./streams.ts";

/** Whose request it is, and among which streams. */
export interface Visitor extends Pick<ServerEnv["Variables"], "streams" | "caller"> {
  readonly keyEnds: ServerEnv["Variables"]["keyEnds"];
}

/** Takes a place, until the caller's key ends. Returns how to leave it. Throws RATE_LIMITED or CLOSED. */
export function takePlace(
  { streams, caller, keyEnds }: Visitor,
  stream: OpenStream,
  ended: () => void,
): () => void {
  const leave = streams.add(stream, caller);
  const forget = keyEnds?.(ended);
  return () => {
    leave();
    forget?.();
  };
}

/**
 * Does work that keeps a request waiting: it has a place meanwhile, and `leave` is called once it is to wait no more. Where
 * there is no place, it is called at once: what was asked for has been done already, and only the waiting is left out.
 */
export async function held<Value>(
  visitor: Visitor,
  leave: () => void,
  work: () => Promise<Value>,
): Promise<Value> {
  const settled = placeOrNone(visitor, leave);
  try {
    return await work();
  } finally {
    settled?.();
  }
}

function placeOrNone(visitor: Visitor, leave: () => void): (() => void) | undefined {
  try {
    return takePlace(visitor, { ping: () => true, dismiss: leave, cutOff: leave }, leave);
  } catch (thrown) {
    if (!OmniForgeError.is(thrown, "CLOSED") && !OmniForgeError.is(thrown, "RATE_LIMITED")) throw thrown;
    leave();
    return undefined;
  }
}
