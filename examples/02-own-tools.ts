/**
 * A tool of one's own: a function, a schema, and a promise about what may happen when a call is run twice.
 *
 *   node --conditions=omniforge:source examples/02-own-tools.ts
 *
 * A script stands in for the model, so that this needs no key: `turn` is the number of the reply that it is asked for.
 */
import { createOmniForge, defineAgent, defineTool } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { z } from "zod";

const temperatures: Readonly<Record<string, number>> = { Bern: 11, Oslo: 4 };

const weather = defineTool({
  name: "weather",
  description: "Tells the temperature in a city",
  parameters: z.object({ city: z.string() }),
  effects: "none", // It changes nothing, so it may be run again after a crash.
  execute: ({ city }, { progress }) => {
    progress(`looking up ${city}`);
    const degrees = temperatures[city];
    // What a tool throws is a result that the model sees, and no end of the task.
    if (degrees === undefined) throw new Error(`nothing is known of ${city}`);
    return { city, degrees };
  },
});

const script = scriptedModel(({ turn, results }) =>
  turn === 1
    ? { calls: ["Bern", "Oslo", "Atlantis"].map((city) => ({ name: "weather", arguments: { city } })) }
    : { text: results.map(({ text }) => `- ${text}`).join("\n") },
);

const agent = defineAgent({
  name: "forecaster",
  instructions: "You tell the weather.",
  model: "scripted:forecaster",
  tools: [weather],
});

const forge = await createOmniForge({ models: { "scripted:forecaster": script } });
const { task, text } = await forge.run(agent, "How warm is it in Bern, Oslo and Atlantis?");
console.log(text);
// The three ran side by side: the log has them in the order in which they ended.
for (const entry of await forge.log(task))
  if (entry.kind === "result") console.log(`${entry.body.name} ${entry.key ?? ""}: ${entry.body.status}`);
await forge.close();
