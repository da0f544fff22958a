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

/** What is streamed, and how that is answered. */
export interface Streamed {
  readonly followed: Followed;
  readonly status: 200 | 201;
  readonly headers: Record<string, string>;
}

/** Streams what is followed. Throws RATE_LIMITED before anything was sent. */
export function streamResponse(context: ServerContext, streams: Streams, followed: Followed): Response {
  // Hono asks for HEAD as for GET, and takes the headers.
  if (context.req.raw.method === "HEAD") return new Response(null, { headers: streamHeaders });
  const { forge, caller, keyEnds } = context.var;
  const stream = new EventStream(forge, { streams, caller, keyEnds });
  return begin(context, stream, { followed, status: 200, headers: {} });
}

/**
 * Does the work, and streams what came of it. The place is taken first: a client that is told RATE_LIMITED asks again, and
 * would have the work done anew each time. Throws RATE_LIMITED or CLOSED before the work, and what the work throws.
 */
export async function streamedWork(context: ServerContext, work: () => Promise<Streamed>): Promise<Response> {
  const { forge, streams, caller, keyEnds } = context.var;
  const stream = new EventStream(forge, { streams, caller, keyEnds });
  try {
    return begin(context, stream, await work());
  } catch (thrown) {
    stream.end();
    throw thrown;
  }
}

function begin(
  context: ServerContext,
  stream: EventStream,
  { followed, status, headers }: Streamed,
): Response {
  const all = { ...streamHeaders, ...headers };
  const { outgoing } = context.env ?? {};
  if (outgoing === undefined) {
    const { outlet, body } = webOutlet(stream);
    stream.start(followed, outlet);
    return new Response(body, { status, headers: all });
  }
  // What went before in the app has set headers, too: limits of rate, allowed origins.
  const sent = { ...Object.fromEntries(context.res.headers), ...all };
  stream.start(followed, socketOutlet(outgoing, status, sent, stream));
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
