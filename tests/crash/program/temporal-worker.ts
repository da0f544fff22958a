/**
 * A Temporal worker of the agent that is killed: performs steps until somebody kills it.
 *
 * Usage: node program/temporal-worker.ts '<JSON of workerOptions>'
 */
import { join } from "node:path";
import { createOmniForge } from "omniforge";
import { createTranscripts } from "omniforge/steps";
import { temporal } from "../../../packages/temporal/src/index.ts";
import { openLedger } from "../ledger.ts";
import { createAgent, createModels } from "./agents.ts";
import { createPoints } from "./points.ts";
import { workerOptions } from "./temporal-options.ts";
import { watchStore } from "./watched-store.ts";

const {
  directory,
  process: number,
  kill,
  ...place
} = workerOptions.parse(JSON.parse(process.argv[2] ?? "{}"));
const points = createPoints(join(directory, `points-${number}.txt`), kill);
const ledger = openLedger(directory, number);

await createOmniForge({
  dataDirectory: directory,
  durability: "process",
  agents: [createAgent({ ledger, points })],
  models: createModels({ ledger, points }),
  backend(world, how) {
    const store = watchStore(world.store, points);
    // Quicker than by default: a person who is killed before the task is woken would hold up the test.
    const reconcile = { everyMs: 500, quietMs: 1_000 };
    return temporal({ ...place, reconcile })({ ...world, store, transcripts: createTranscripts(store) }, how);
  },
});
process.stdout.write("ready\n");
