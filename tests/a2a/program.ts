/** A server of its own process, to be killed: its model waits for a file to appear, so that there is a middle. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { askHumanTool, createOmniForge, defineAgent } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { a2a } from "../../packages/omniforge/src/server/a2a/index.ts";
import { createServer, listen } from "../../packages/omniforge/src/server/index.ts";

const [folder = "", port = "0"] = process.argv.slice(2);
const helper = defineAgent({ name: "helper", instructions: "Help.", tools: [askHumanTool] });

/** `slow`: as many turns as there are steps, each once its file is there. */
const model = scriptedModel(async ({ said, turn, results, signal }) => {
  if (said[0] === "ask")
    return turn === 1
      ? {
          calls: [1, 2].map((index) => ({
            name: "ask_human",
            arguments: { question: `Question ${index}?` },
          })),
        }
      : { text: results.map(({ text }) => text).join(" and ") };
  if (said[0] !== "slow") return { text: `You said: ${said.join(", ")}` };
  while (!existsSync(join(folder, `step-${turn}`))) await delay(10, undefined, signal && { signal });
  return turn < 4 ? { text: `step ${turn}`, calls: [{ name: "nothing" }] } : { text: "all steps done" };
});

const forge = await createOmniForge({
  dataDirectory: join(folder, "data"),
  agents: [helper],
  models: { "scripted:test": model },
  model: "scripted:test",
  durability: "process",
});
const server = await listen(createServer(forge, { extensions: [a2a()] }), { port: Number(port) });
process.stdout.write(`listening on ${server.port}\n`);
