/** An OmniForge whose one agent stammers, and a server over it. */
import { createOmniForge, defineAgent, defineTool, type OmniForge } from "omniforge";
import { z } from "zod";
import {
  createServer,
  listen,
  type Listening,
  type ServerOptions,
} from "../../packages/omniforge/src/server/index.ts";
import { stammeringModel } from "./stammering-model.ts";

export interface Stammering {
  readonly turns: number;
  readonly failures: number;
  readonly pauseMs: number;
}

export const speaker = defineAgent({
  name: "speaker",
  description: "Speaks, at length.",
  instructions: "Speak.",
  model: "stammering:test",
  modelRetry: { maximumAttempts: 9, initialIntervalMs: 1, maximumIntervalMs: 5 },
  tools: [
    defineTool({
      name: "look",
      description: "Looks.",
      parameters: z.object({}),
      effects: "none",
      execute: () => "seen",
    }),
  ],
});

export async function serveStammering(
  dataDirectory: string,
  { turns, failures, pauseMs }: Stammering,
  port = 0,
  options: ServerOptions = {},
): Promise<{ readonly forge: OmniForge; readonly listening: Listening }> {
  const forge = await createOmniForge({
    dataDirectory,
    agents: [speaker],
    models: { "stammering:test": stammeringModel(turns, failures, pauseMs) },
    model: "stammering:test",
    durability: "process",
  });
  return { forge, listening: await listen(createServer(forge, options), { port }) };
}
