/**
 * A task, from the question to the answer.
 *
 *   node --conditions=omniforge:source examples/01-hello.ts
 *
 * With a provider's key in the environment a real model answers; without one the keyless demo model does, by rules.
 */
import { createOmniForge, defineAgent, fileTools } from "omniforge";

const agent = defineAgent({
  name: "reader",
  instructions: "You work on the user's files.",
  tools: fileTools,
});

const forge = await createOmniForge();
const { text } = await forge.run(agent, "list **/*.md");
console.log(text);
await forge.close();
