/**
 * A worker in a process of its own, to be killed: `node worker-process.ts ADDRESS QUEUE FOLDER HANG`.
 *
 * Every step that it performs is noted in FOLDER/performed, one line each. The step that HANG names never comes back
 * here; in the process that is left it does.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { defineTool, type Tool } from "omniforge";
import type { Script } from "omniforge/testing";
import { z } from "zod";
import { temporal } from "../../packages/temporal/src/index.ts";
import { createWorld } from "./world.ts";

export type Hanging = "nothing" | "model" | "look" | "pay" | "die";

const never = (): Promise<never> => new Promise((_resolve, reject) => setTimeout(reject, 600_000));

/** The tools and the script that both processes have: look, then pay, then answer. */
export function killable(
  folder: string,
  hang: Hanging,
): { readonly tools: readonly Tool[]; readonly script: Script } {
  const perform = (name: string): void => appendFileSync(join(folder, "performed"), `${name}\n`);
  const tool = (name: "look" | "pay", effects: "none" | "once"): Tool =>
    defineTool({
      name,
      description: "",
      parameters: z.object({}),
      effects,
      execute: () => {
        perform(name);
        return hang === name ? never() : `${name} done`;
      },
    });
  const die = defineTool({
    name: "die",
    description: "",
    parameters: z.object({}),
    effects: "none",
    execute: () => {
      perform("die");
      process.kill(process.pid, "SIGKILL");
      return never();
    },
  });
  const doze = defineTool({
    name: "doze",
    description: "Takes longer than its neighbour lives",
    parameters: z.object({}),
    effects: "none",
    execute: async () => {
      perform("doze");
      await delay(500);
      return "rested";
    },
  });
  return {
    tools: [tool("look", "none"), tool("pay", "once"), die, doze],
    script({ said, results }) {
      perform(`model ${results.length + 1}`);
      if (said[0] === "die")
        return results.length === 0 ? { calls: [{ name: "die" }] } : { text: results[0]?.text ?? "" };
      if (said[0] === "die beside")
        return results.length === 0
          ? { calls: [{ name: "die" }, { name: "doze" }] }
          : { text: results[1]?.text ?? "" };
      if (results.length === 0) return { calls: [{ name: "look" }] };
      if (results.length === 1) return hang === "model" ? never() : { calls: [{ name: "pay" }] };
      return { text: results.map(({ text }) => text).join(", ") };
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  const [address = "", taskQueue = "", folder = "", hang = "nothing"] = process.argv.slice(2);
  const world = createWorld({ folder, ...killable(folder, hang as Hanging) });
  await temporal({ address, taskQueue, reconcile: { everyMs: 300, quietMs: 1_000 } })(world, { work: true });
  process.stdout.write("ready\n");
}
