/**
 * A program with a tool that kills its process each time, beside innocent ones: in the same reply before and behind it,
 * and in another task.
 *
 * Usage: node program/poisoned.ts '<JSON of { directory, process }>'
 */
import { setTimeout } from "node:timers/promises";
import { createOmniForge, defineAgent, defineTool, type OmniForge } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { openLedger } from "../../../packages/omniforge/src/testing/crash/ledger.ts";
import { poisonedOptions } from "./options.ts";

const options = poisonedOptions.parse(JSON.parse(process.argv[2] ?? "{}"));
const ledger = openLedger(options.directory, options.process);
const parameters = { type: "object", properties: {} };

const boom = defineTool({
  name: "boom",
  description: "Kills its process",
  parameters,
  effects: "idempotent",
  async execute(_parameters, { idempotencyKey }) {
    ledger.write("start", idempotencyKey);
    await setTimeout(20);
    process.abort();
  },
});
const slow = defineTool({
  name: "slow",
  description: "Takes longer than its neighbour lives",
  parameters,
  effects: "idempotent",
  async execute(_parameters, { idempotencyKey }) {
    ledger.write("start", idempotencyKey);
    await setTimeout(60);
    ledger.write("end", idempotencyKey);
    return "slow is done";
  },
});

const guilty = defineAgent({
  name: "guilty",
  instructions: "Do.",
  model: "scripted:guilty",
  tools: [boom, slow],
});
const innocent = defineAgent({
  name: "innocent",
  instructions: "Do.",
  model: "scripted:innocent",
  tools: [slow],
});
const calling = (...names: readonly string[]) =>
  scriptedModel(({ turn }) => (turn === 1 ? { calls: names.map((name) => ({ name })) } : { text: "done" }));

const forge = await createOmniForge({
  dataDirectory: options.directory,
  agents: [guilty, innocent],
  models: { "scripted:guilty": calling("slow", "boom", "slow"), "scripted:innocent": calling("slow") },
});
const tasks = [
  await forge.submit(guilty, "go", { idempotencyKey: "guilty" }),
  await forge.submit(innocent, "go", { idempotencyKey: "innocent" }),
];
await Promise.all(tasks.map(({ task }) => untilEnded(forge, task)));
await forge.close();

async function untilEnded(of: OmniForge, task: string): Promise<void> {
  for await (const event of of.follow(task))
    if (event.type === "entry" && event.entry.kind === "ended") return;
}
