/**
 * A payment, and a crash at the worst moment: after the money has left, before anybody has written that down.
 *
 *   node --conditions=omniforge:source examples/03-a-tool-that-must-not-run-twice.ts --crash
 *   node --conditions=omniforge:source examples/03-a-tool-that-must-not-run-twice.ts
 *
 * The second start goes on with the same task. The tool is `once`, so it is not run again: the model is told that the
 * outcome is unknown, and looks instead of paying twice.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createOmniForge, defineAgent, defineTool } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { z } from "zod";

const book = "payments.txt";

const pay = defineTool({
  name: "pay",
  description: "Pays an invoice",
  parameters: z.object({ invoice: z.string(), amount: z.number().positive() }),
  effects: "once",
  execute: ({ invoice, amount }, { idempotencyKey }) => {
    // A bank that knows the key refuses the second payment too; this one does not even look at it.
    appendFileSync(book, `${invoice} ${amount} ${idempotencyKey}\n`);
    if (process.argv.includes("--crash")) process.kill(process.pid, "SIGKILL");
    return "paid";
  },
});

const payments = defineTool({
  name: "payments",
  description: "Lists the payments that were made",
  parameters: z.object({}),
  effects: "none",
  execute: () => (existsSync(book) ? readFileSync(book, "utf8") : "none"),
});

const script = scriptedModel(({ turn, results }) => {
  const last = results.at(-1);
  if (turn === 1) return { calls: [{ name: "pay", arguments: { invoice: "17", amount: 120 } }] };
  if (turn === 2) return { text: `The bank says: ${last?.text ?? ""}.`, calls: [{ name: "payments" }] };
  return { text: `Invoice 17 was paid ${last?.text.match(/^17 /gm)?.length ?? 0} time(s).` };
});

const agent = defineAgent({
  name: "bookkeeper",
  instructions: "You pay invoices, each of them once.",
  model: "scripted:bookkeeper",
  tools: [pay, payments],
});

const forge = await createOmniForge({ agents: [agent], models: { "scripted:bookkeeper": script } });
// The key makes the second start find the task of the first.
const { task, text } = await forge.run(agent, "Pay invoice 17", { idempotencyKey: "invoice 17" });
for (const entry of await forge.log(task)) {
  if (entry.kind === "result") console.log(`${entry.body.name}: ${entry.body.status}`);
  if (entry.kind === "recovery") console.log(`killed during ${entry.body.steps.join(", ")}`);
}
console.log(text);
await forge.close();
