/** What a person at the service sees, and when: from giving a task to its first event, and to the first word of its reply. */
import { createServer, listen } from "../../packages/omniforge/src/server/index.ts";
import { agentOf } from "../engine.ts";
import { openClient, startWorker, type Site } from "./processes.ts";

export interface FirstEvents {
  /** Milliseconds from the request to the first event of its stream; and to the first that a worker has brought. */
  readonly any: readonly number[];
  readonly worked: readonly number[];
}

/** So many tasks, one after the other, given to a service that is a client of one worker. */
export async function firstEvents(site: Site, times: number): Promise<FirstEvents> {
  const worker = await startWorker(site);
  const client = await openClient(site, [agentOf(site.turns)]);
  const listening = await listen(createServer(client), { port: 0 });
  const found: { any: number[]; worked: number[] } = { any: [], worked: [] };
  // The first one compiles.
  for (let time = 0; time <= times; time++) {
    const one = await given(listening.url);
    if (time === 0) continue;
    found.any.push(one.any);
    found.worked.push(one.worked);
  }
  await listening.close();
  await client.close();
  await worker.kill();
  return found;
}

/** Reads its stream to the end. */
async function given(url: string): Promise<{ readonly any: number; readonly worked: number }> {
  const began = performance.now();
  const response = await fetch(`${url}/api/v1/agents/bench/tasks`, {
    method: "POST",
    headers: { accept: "text/event-stream", "content-type": "application/json" },
    body: JSON.stringify({ message: "go" }),
  });
  if (response.body === null) throw new Error("the service gave no stream");
  let any: number | undefined;
  let worked: number | undefined;
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes("\ndata:")) any ??= performance.now() - began;
    if (/"kind":"reply"|^event: (delta|reset)/m.test(text)) worked ??= performance.now() - began;
  }
  if (any === undefined || worked === undefined) throw new Error(`the stream ended without a reply: ${text}`);
  return { any, worked };
}
