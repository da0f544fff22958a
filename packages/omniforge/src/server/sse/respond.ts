/** Answering a request with an event stream: from where on, through what, or that nothing is left. */
import type { OmniForge } from "../../create-omniforge.ts";
import { OmniForgeError } from "../../protocol/error.ts";
import type { Task } from "../../protocol/task.ts";
import { isTerminal } from "../../protocol/task.ts";
import type { ServerContext } from "../env.ts";
import { EventStream, type Followed } from "./event-stream.ts";
import { streamHeaders } from "./frame.ts";
import { socketOutlet, webOutlet } from "./outlet.ts";
import { readPosition, type Position } from "./position.ts";
import type { Streams } from "./streams.ts";

/** Streams what is followed. Throws RATE_LIMITED before anything was sent. */
export function streamResponse(
  context: ServerContext,
  streams: Streams,
  followed: Followed,
  status: 200 | 201 = 200,
  headers: Record<string, string> = {},
): Response {
  const all = { ...streamHeaders, ...headers };
  // Hono asks for HEAD as for GET, and takes the headers.
  if (context.req.raw.method === "HEAD") return new Response(null, { status, headers: all });
  const { forge, caller, keyEnds } = context.var;
  const stream = new EventStream(forge, { streams, caller, keyEnds }, followed);
  const { outgoing } = context.env ?? {};
  if (outgoing === undefined) {
    const { outlet, body } = webOutlet(stream);
    stream.start(outlet);
    return new Response(body, { status, headers: all });
  }
  // What went before in the app has set headers, too: limits of rate, allowed origins.
  stream.start(
    socketOutlet(outgoing, status, { ...Object.fromEntries(context.res.headers), ...all }, stream),
  );
  // `listen` sees that the socket has been answered.
  return new Response(null, { status });
}

/** Where a client is to go on; undefined: there is nothing left, and there will be nothing. Throws INVALID_INPUT. */
export async function positionIn(
  forge: OmniForge,
  task: Task,
  text: string | undefined,
  tree: boolean,
): Promise<Position | undefined> {
  const family = tree ? await familyOf(forge, task) : undefined;
  const names = family?.map((one) => one.task);
  const position = readPosition(text ?? "0", task.task, names);
  for (const one of [task, ...(family ?? [])])
    if ((position.get(one.task) ?? 0) > one.headSeq)
      throw new OmniForgeError(
        "INVALID_INPUT",
        `task ${one.task} has ${one.headSeq} entries, and none after them`,
      );
  if (!isTerminal(task.state) || (position.get(task.task) ?? 0) < task.headSeq) return position;
  const isBehind = (family ?? []).some((one) => (position.get(one.task) ?? one.headSeq) < one.headSeq);
  return isBehind ? position : undefined;
}

/** The sub-agents' tasks below this one, theirs included, the oldest first. */
async function familyOf(forge: OmniForge, { task, root }: Task): Promise<readonly Task[]> {
  const family: Task[] = [];
  // All of them, however many have been opened: those of a position are among the oldest.
  for await (const one of forge.each({ root })) if (one.task.startsWith(`${task}.`)) family.push(one);
  return family.toReversed();
}
