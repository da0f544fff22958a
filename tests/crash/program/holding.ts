/**
 * A program whose tools hold until they are told to go: for stopping, continuing and ending a process from outside while
 * it is in the middle of them. SIGTERM closes it gracefully.
 *
 * Usage: node program/holding.ts '<JSON of holdingOptions>'
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { createOmniForge, defineAgent, defineTool } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { inProcess } from "../../../packages/omniforge/src/in-process/index.ts";
import { openLedger } from "../../../packages/omniforge/src/testing/crash/ledger.ts";
import { holdingOptions } from "./options.ts";

const options = holdingOptions.parse(JSON.parse(process.argv[2] ?? "{}"));
const { directory, leaseMs, beatMs, stopGraceMs } = options;
const ledger = openLedger(directory, options.process);

const holding = (name: string, effects: "idempotent" | "once") =>
  defineTool({
    name,
    description: name,
    parameters: { type: "object", properties: {} },
    effects,
    async execute(_parameters, { idempotencyKey, signal }) {
      ledger.write("start", idempotencyKey);
      while (!existsSync(join(directory, `go-${options.process}`))) {
        signal.throwIfAborted();
        await setTimeout(5);
      }
      ledger.write("end", idempotencyKey);
      return `held by process ${options.process}`;
    },
  });

const agent = defineAgent({
  name: "holder",
  instructions: "Hold.",
  model: "scripted:holder",
  tools: [holding("hold", "idempotent"), holding("pay", "once")],
});
const model = scriptedModel(({ turn }) =>
  turn === 1 ? { calls: [{ name: "hold" }, { name: "pay" }] } : { text: "held" },
);

const forge = await createOmniForge({
  dataDirectory: directory,
  agents: [agent],
  models: { "scripted:holder": model },
  backend: inProcess({ leaseMs, beatMs, stopGraceMs }),
});
process.once("SIGTERM", () => void forge.close().then(() => process.exit(0)));
for (const idempotencyKey of options.orders) {
  const { task } = await forge.submit(agent, "hold", { idempotencyKey });
  // Ends with the task, in whatever process it ends.
  for await (const event of forge.follow(task))
    if (event.type === "entry" && event.entry.kind === "ended") break;
}
await forge.close();
