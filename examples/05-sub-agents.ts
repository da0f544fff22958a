/**
 * Agents that hand work to agents. Each sub-agent is a task of its own, with its own log; to its parent's model it is a tool
 * that takes a message. Calls of one reply run side by side.
 *
 *   node --conditions=omniforge:source examples/05-sub-agents.ts
 */
import { createOmniForge, defineAgent } from "omniforge";
import { scriptedModel } from "omniforge/testing";

const critic = defineAgent({
  name: "critic",
  description: "Reads a text as a critic would.",
  instructions: "You say what is wrong with a text, in one sentence.",
  model: "scripted:critic",
});
const fan = defineAgent({
  name: "fan",
  description: "Reads a text as a fan would.",
  instructions: "You say what is good about a text, in one sentence.",
  model: "scripted:fan",
});
const editor = defineAgent({
  name: "editor",
  instructions: "You let others read a text, and put in short what they say.",
  model: "scripted:editor",
  agents: [critic, fan],
  limits: { depth: 1, children: 4 },
});

const models = {
  "scripted:critic": scriptedModel(({ said }) => ({ text: `"${said.at(-1)}" is too short.` })),
  "scripted:fan": scriptedModel(({ said }) => ({ text: `"${said.at(-1)}" wastes no word.` })),
  "scripted:editor": scriptedModel(({ turn, said, results }) =>
    turn === 1
      ? { calls: ["critic", "fan"].map((name) => ({ name, arguments: { message: said[0] ?? "" } })) }
      : { text: results.map(({ name, text }) => `${name}: ${text}`).join("\n") },
  ),
};

const forge = await createOmniForge({ models });
const { task, text } = await forge.run(editor, "Call me Ishmael.");
console.log(text);
for (const child of await forge.list({ parent: task }))
  console.log(`${child.agent}, depth ${child.depth}: ${child.state} after ${child.turn} turn`);
await forge.close();
