/**
 * A program whose one guilty task harms its process each time, beside many innocent ones. Exits 0 once all have ended.
 *
 * Usage: node program.ts '<JSON of ProgramOptions>'
 */
import { createOmniForge, defineAgent, defineTool } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";

const harms = z.enum(["abort", "memory", "block", "none"]);
export type ProgramOptions = z.infer<typeof programOptions>;
const programOptions = z.strictObject({ directory: z.string(), harm: harms, innocents: z.number() });

const { directory, harm, innocents } = programOptions.parse(JSON.parse(process.argv[2] ?? "{}"));
const parameters = { type: "object" };

function useUp(): never {
  const held: number[][] = [];
  for (;;) held.push(Array.from<number>({ length: 200_000 }).fill(0.5));
}

function block(ms: number): void {
  const end = Date.now() + ms;
  while (Date.now() < end);
}

const harmful = defineTool({
  name: "harm",
  description: "Harms its process.",
  parameters,
  effects: "idempotent",
  async execute() {
    await delay(1);
    if (harm === "abort") process.abort();
    if (harm === "memory") useUp();
    if (harm === "block") block(6_000);
    return "no harm";
  },
});
const greet = defineTool({
  name: "greet",
  description: "Greets.",
  parameters,
  effects: "idempotent",
  async execute(_parameters, { idempotencyKey }) {
    await delay(1);
    appendFileSync(join(directory, "ledger"), `${idempotencyKey}\n`);
    return "hello";
  },
});
const calling = (name: string) =>
  scriptedModel(({ turn }) => (turn === 1 ? { calls: [{ name }] } : { text: "done" }));
const guilty = defineAgent({
  name: "guilty",
  instructions: "Do.",
  model: "scripted:guilty",
  tools: [harmful],
});
const innocent = defineAgent({
  name: "innocent",
  instructions: "Do.",
  model: "scripted:innocent",
  tools: [greet],
});

const forge = await createOmniForge({
  dataDirectory: directory,
  durability: "process",
  agents: [guilty, innocent],
  models: { "scripted:guilty": calling("harm"), "scripted:innocent": calling("greet") },
});
await forge.submit(guilty, "go", { idempotencyKey: "guilty" });
await Promise.all(
  Array.from({ length: innocents }, (_, n) =>
    forge.submit(innocent, "go", { idempotencyKey: `innocent ${n}` }),
  ),
);
while ((await forge.list({ states: ["submitted", "working"], limit: 1 })).length > 0) await delay(20);
await forge.close();
