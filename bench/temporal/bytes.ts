/** What a turn of k tool calls leaves in the history, and what a long conversation does. */
import { createOmniForge, defineAgent, defineTool } from "omniforge";
import { temporal } from "../../packages/temporal/src/index.ts";
import { readRuns } from "../../tests/temporal/history.ts";
import type { TestServer } from "../../tests/temporal/server.ts";
import type { LanguageModel } from "../../packages/omniforge/src/models/language-model.ts";
import { answer, call, promptModel } from "../engine.ts";

export interface Left {
  readonly events: number;
  readonly bytes: number;
  /** Characters of what the tools returned. */
  readonly said: number;
}

const turns = 4;

/** A turn of so many calls at once, on average over a few: without the run's own start and end. */
export async function turnOf(server: TestServer, directory: string, calls: number): Promise<Left> {
  const { events, bytes, said } = await leaves(server, directory, { turns, calls, result: 1_000 });
  const nothing = await leaves(server, directory, { turns: 0, calls, result: 0 });
  return { events: (events - nothing.events) / turns, bytes: (bytes - nothing.bytes) / turns, said };
}

/** So many turns of one call each, whose results are so long. */
export function conversation(
  server: TestServer,
  directory: string,
  calls: number,
  result: number,
): Promise<Left> {
  return leaves(server, directory, { turns: calls, calls: 1, result });
}

async function leaves(
  server: TestServer,
  directory: string,
  { turns: most, calls, result }: { readonly turns: number; readonly calls: number; readonly result: number },
): Promise<Left> {
  let said = 0;
  const look = defineTool({
    name: "look",
    description: "Looks",
    parameters: { type: "object" },
    effects: "none",
    execute: () => {
      said += result;
      return "word ".repeat(result / 5);
    },
  });
  const model: LanguageModel = {
    ...promptModel(0, () => undefined),
    doStream({ prompt }) {
      const turn = prompt.filter(({ role }) => role === "assistant").length;
      const [begin, one, end] = call("look", {});
      if (turn >= most || begin === undefined || one === undefined || end === undefined)
        return Promise.resolve({ stream: ReadableStream.from(answer) });
      const all = Array.from({ length: calls }, (_, index) => ({ ...one, toolCallId: `call-${index}` }));
      return Promise.resolve({ stream: ReadableStream.from([begin, ...all, end]) });
    },
  };
  const agent = defineAgent({ name: "bytes", instructions: "", tools: [look], limits: { turns: most + 2 } });
  const forge = await createOmniForge({
    dataDirectory: directory,
    model: "bench:bytes",
    models: { "bench:bytes": model },
    backend: temporal({ address: server.address, taskQueue: "bytes" }),
  });
  const { task, state } = await forge.run(agent, "go");
  if (state !== "completed") throw new Error(`the task of the bench is ${state}`);
  const { firstRun } = (await forge.world.store.row({ tenant: forge.tenant, task })) ?? {};
  await forge.close();
  const runs = await readRuns(server.client, task, firstRun ?? "");
  const sum = (figure: (run: (typeof runs)[number]) => number): number =>
    runs.reduce((all, run) => all + figure(run), 0);
  return { events: sum(({ events }) => events.length), bytes: sum(({ bytes }) => bytes), said };
}
