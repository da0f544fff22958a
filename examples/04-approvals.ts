/**
 * A tool that a person must approve: asked in the program, or answered by another process a week later.
 *
 *   node --conditions=omniforge:source examples/04-approvals.ts
 */
import { createOmniForge, defineAgent, defineTool, type Answer, type InputRequest } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { z } from "zod";

const order = defineTool({
  name: "order",
  description: "Orders things",
  parameters: z.object({ item: z.string(), price: z.number() }),
  effects: "once",
  // True: every call. Here a person is asked from a price on.
  needsApproval: ({ price }) => price > 10,
  execute: ({ item, price }) => `ordered ${item} for ${price}`,
});

const wishes = [
  { item: "pencil", price: 2 },
  { item: "yacht", price: 900_000 },
  { item: "desk", price: 300 },
];
const script = scriptedModel(({ turn, results }) =>
  turn === 1
    ? { calls: wishes.map((wish) => ({ name: "order", arguments: wish })) }
    : { text: results.map(({ text }) => text).join("\n") },
);

const agent = defineAgent({
  name: "buyer",
  instructions: "You buy what is asked for.",
  model: "scripted:buyer",
  tools: [order],
});
const options = { agents: [agent], models: { "scripted:buyer": script } };

function decide({ arguments: given }: InputRequest): Answer | undefined {
  const { item } = z.object({ item: z.string() }).parse(given);
  if (item === "yacht") return { decision: "reject", reason: "not this year" };
  // Undefined leaves the request open: the task waits, and holds nothing while it does.
  return undefined;
}

const first = await createOmniForge(options);
const waiting = await first.run(agent, "Buy a pencil, a yacht and a desk", { answer: decide });
console.log(
  `${waiting.state}: ${waiting.pending.map(({ tool, arguments: given }) => `${tool} ${JSON.stringify(given)}`).join(", ")}`,
);
await first.close();

// Another process, another day. An approval may put other arguments in the place of the model's.
const later = await createOmniForge(options);
for (const { id } of (await later.get(waiting.task)).pending) {
  await later.respond(waiting.task, id, { decision: "approve", arguments: { item: "used desk", price: 90 } });
}
for await (const event of later.follow(waiting.task))
  if (event.type === "entry" && event.entry.kind === "input")
    console.log(`${event.entry.body.id}: ${event.entry.body.answer?.decision ?? event.entry.body.outcome}`);
const { state, output = [] } = await later.get(waiting.task);
console.log(`${state}:`);
for (const part of output) if (part.type === "text") console.log(part.text);
await later.close();
