/**
 * `worker-program.ts JSON`: a worker of OmniForge's or of the hand-written workflow, until it is killed. It says `opened`;
 * `step MOMENT` when a model or a tool begins; `memory TURN RSS HEAP` every 500 model calls.
 */
import { createOmniForge } from "omniforge";
import { z } from "zod";
import { promptModel } from "../engine.ts";
import { moment } from "../statistics.ts";
import { engineOf } from "./engine-of.ts";
import { scene } from "./scene.ts";

const options = z.object({
  engine: z.enum(["ours", "hand"]),
  address: z.string(),
  directory: z.string(),
  turns: z.number(),
  latencyMs: z.number().default(0),
});
export type WorkerOptions = z.input<typeof options>;

const { engine, address, directory, turns, latencyMs } = options.parse(JSON.parse(process.argv[2] ?? "{}"));
const say = (word: string, ...numbers: readonly number[]): void =>
  void process.stdout.write(`${[word, ...numbers].join(" ")}\n`);

let calls = 0;
function onTurn(): void {
  calls++;
  say("step", moment());
  if (calls % 500 !== 0) return;
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  say("memory", calls, rss, heapUsed);
}

const { tools, asking } = scene(() => say("step", moment()));
await createOmniForge({
  dataDirectory: directory,
  tools,
  models: { "bench:model": promptModel(turns, onTurn, latencyMs), "bench:asking": asking(turns) },
  backend: engineOf(engine, { address, turns, onTurn }),
});
say("opened", moment());
