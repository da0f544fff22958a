/**
 * A program as people write them: it runs a hundred tasks, and closes when it is told to stop.
 *
 * stopping.ts <data directory> <ledger file> [finish]: without `finish` each task's tool holds until the program is told.
 */
import { appendFileSync } from "node:fs";
import { createOmniForge, defineAgent, defineTool, inProcess } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { z } from "zod";

export const taskCount = 100;

const [dataDirectory = "", ledger = "", finishes = ""] = process.argv.slice(2);
const told = new AbortController();
let holding = 0;

const hold = defineTool({
  name: "hold",
  description: "Holds until the program is told to stop",
  parameters: z.object({}),
  effects: "once",
  async execute(_given, { idempotencyKey }) {
    appendFileSync(ledger, `${idempotencyKey}\n`);
    if (finishes !== "") return "done";
    if (++holding === taskCount) process.stdout.write("holding\n");
    await new Promise((resolve) => told.signal.addEventListener("abort", resolve, { once: true }));
    return "done";
  },
});
const agent = defineAgent({ name: "holder", instructions: "", model: "scripted:holder", tools: [hold] });
const forge = await createOmniForge({
  dataDirectory,
  agents: [agent],
  backend: inProcess({ slots: taskCount, stopGraceMs: 30_000 }),
  models: {
    "scripted:holder": scriptedModel(({ turn }) =>
      turn === 1 ? { calls: [{ name: "hold" }] } : { text: "done" },
    ),
  },
});
for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.once(signal, () => {
    told.abort();
    void forge.close();
  });
const orders = Array.from({ length: taskCount }, (_, index) =>
  forge.submit(agent, "go", { idempotencyKey: String(index) }),
);
const tasks = await Promise.all(orders);
if (finishes !== "") {
  for (const { task } of tasks) for await (const event of forge.follow(task)) void event;
  await forge.close();
}
