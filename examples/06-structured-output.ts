/**
 * An answer that fits a schema. One that does not is sent back to the model once, with what is wrong with it.
 *
 *   node --conditions=omniforge:source examples/06-structured-output.ts
 */
import { createOmniForge, defineAgent } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { z } from "zod";

const invoice = z.object({
  number: z.string(),
  total: z.number(),
  due: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
});

const agent = defineAgent({
  name: "clerk",
  instructions: "You read invoices.",
  model: "scripted:clerk",
  output: invoice,
});

// The first answer says the day as people do; the second as the schema wants it.
const script = scriptedModel(({ turn }) => ({
  text: JSON.stringify({ number: "17", total: 120, due: turn === 1 ? "1 March" : "2027-03-01" }),
}));

const forge = await createOmniForge({ models: { "scripted:clerk": script } });
const result = await forge.run(agent, "Invoice 17: 120 francs, due on 1 March 2027");
const { number, total, due } = invoice.parse(result.value);
console.log(`Invoice ${number}: ${total}, due ${due}, after ${result.turn} turns`);
await forge.close();
