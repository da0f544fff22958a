/**
 * The service as the bench drives it, a process of its own: `node service-program.ts <folder> <durability>`; prints its
 * address. Orders on standard input, one a line: `say <task> <times>`, `log <task> <entries>`, `tasks <number>`; each is
 * answered with a line.
 */
import { createInterface } from "node:readline";
import { createOmniForge, defineAgent, defineTool } from "omniforge";
import { entry, userMessage } from "omniforge/protocol";
import { scriptedModel } from "omniforge/testing";
import { z } from "zod";
import { createServer, listen } from "../packages/omniforge/src/server/index.ts";

const [dataDirectory = ".", durability = "power"] = process.argv.slice(2);
const agent = defineAgent({ name: "bench", instructions: "Answer.", model: "scripted:test" });
/** Its tasks wait for a person who never comes. */
const waiting = defineAgent({
  name: "waiting",
  instructions: "Ask.",
  model: "scripted:asks",
  tools: [
    defineTool({
      name: "pay",
      description: "Pays.",
      parameters: z.object({}),
      needsApproval: true,
      execute: () => "paid",
    }),
  ],
});
const forge = await createOmniForge({
  dataDirectory,
  durability: durability === "power" ? "power" : "process",
  agents: [agent, waiting],
  models: {
    "scripted:test": scriptedModel(() => ({ text: "Done." })),
    "scripted:asks": scriptedModel(() => ({ calls: [{ name: "pay", arguments: {} }] }), "scripted:asks"),
  },
});
const listening = await listen(createServer(forge), { port: 0 });

/** By task and seq, when the entry was announced: microseconds of the machine's own clock. */
const announced: string[] = [];
forge.events.subscribe((event) => {
  if (event.type === "entry" && event.entry.kind === "message")
    announced.push(`${event.entry.seq}=${process.hrtime.bigint() / 1_000n}`);
});

async function perform(order: string): Promise<string> {
  const [what, name = "", count = "0"] = order.split(" ");
  switch (what) {
    case "say": {
      announced.length = 0;
      for (let index = 0; index < Number(count); index++) {
        await forge.say(name, `message ${index}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return announced.join(",");
    }
    case "log": {
      const { store } = forge.world;
      let done = 0;
      while (done < Number(count)) {
        const some = Array.from({ length: 500 }, (_, index) => {
          const id = `filler-${done + index}`;
          return entry("message", { id, message: userMessage(`message ${id}`) });
        });
        await store.commit({ tenant: "default", task: name, entries: some, at: Date.now() });
        done += some.length;
      }
      return String(done);
    }
    case "tasks": {
      const { store } = forge.world;
      const specs = agent.specSet("scripted:test");
      for (let done = 0; done < Number(name); done += 500)
        await Promise.all(
          Array.from({ length: 500 }, async (_, index) => {
            const task = `task_filler_${done + index}`;
            const at = 1_700_000_000_000 + done + index;
            const message = { id: "first", message: userMessage("filler") };
            const facts = {
              agent: "bench",
              limits: { turns: 1, atLimit: "fail" as const, depth: 0, children: 0 },
              loopVersion: 1,
              root: task,
              depth: 0,
            };
            await store.create({
              tenant: "default",
              task,
              ...facts,
              specs: { hash: `filler-${index % 10}`, set: specs },
              engine: "temporal",
              message,
              at,
            });
            const state = (["completed", "failed", "canceled"] as const)[index % 3] ?? "completed";
            await store.commit({
              tenant: "default",
              task,
              entries: [entry("ended", { state, parts: [] })],
              at,
            });
          }),
        );
      return name;
    }
    default:
      return "unknown";
  }
}

process.stdout.write(`${listening.url}\n`);
for await (const order of createInterface({ input: process.stdin }))
  process.stdout.write(`${await perform(order)}\n`);
await listening.close();
await forge.close();
