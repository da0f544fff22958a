import { defineAgent } from "omniforge";
import { userMessage } from "omniforge/protocol";
import { createTask, readSpecSet } from "omniforge/steps";
import { expect, it } from "vitest";
import { answering } from "./scripts.ts";
import { openWorld } from "./world.ts";

it("keeps the spec sets that were read last, and no more of them than its limit", async () => {
  let reads = 0;
  const world = openWorld(
    { script: answering },
    {
      store: (sound) => ({
        ...sound,
        specs: (hash) => {
          reads++;
          return sound.specs(hash);
        },
      }),
    },
  );
  const rows = [];
  for (let user = 0; user < 300; user++) {
    const specs = defineAgent({ name: "a", instructions: `Serve user ${user}.` }).specSet("scripted:test");
    const order = {
      tenant: "acme",
      specs,
      engine: "in-process" as const,
      message: { message: userMessage("Go.") },
    };
    rows.push((await createTask(world, order)).row);
  }
  for (const row of rows) await readSpecSet(world, row);
  for (const row of rows.slice(-100)) await readSpecSet(world, row);
  const before = reads;
  for (const row of rows.slice(0, 10)) await readSpecSet(world, row);
  await world.close();
  expect([before, reads]).toEqual([300, 310]);
});
