/**
 * What the server's own pages say of a tool call: the tool's name, or what this process's options make of it.
 *
 * Owns: that nothing of a call's arguments gets into a history unless somebody asked for exactly that.
 */
import type { Reply } from "omniforge/protocol";
import { viewTurn, type Attempt, type StepWorld } from "omniforge/steps";
import type { Place } from "./options.ts";

/** Characters. The server takes 400 bytes, and refuses more. */
const longest = 100;

/** The reply with a summary in each of its calls' descriptors; as it is, where none is wanted. */
export async function withSummaries(
  { store }: StepWorld,
  { summarize, onError }: Place,
  attempt: Attempt,
  turn: number,
  reply: Reply,
): Promise<Reply> {
  if (summarize === undefined || reply.kind !== "calls") return reply;
  const read = await store.turn(attempt);
  const body = read && viewTurn(read).reply?.body;
  // A turn that is over is only gone through again: nothing of it is scheduled any more.
  if (body?.turn !== turn) return reply;
  const summaryOf = (index: number): string | undefined => {
    const part = body.parts.find((one) => one.type === "tool-call" && one.index === index);
    if (part?.type !== "tool-call") return undefined;
    try {
      return summarize({ tool: part.name, arguments: part.arguments })?.slice(0, longest).toWellFormed();
    } catch (thrown) {
      onError(thrown);
      return undefined;
    }
  };
  const calls = reply.calls.map((call) => {
    const summary = summaryOf(call.index);
    return summary === undefined ? call : { ...call, summary };
  });
  return { kind: "calls", calls };
}
