/**
 * A Temporal worker of the agent that is killed: performs steps until somebody kills it.
 *
 * Usage: node program/temporal-worker.ts '<JSON of workerOptions>'
 */
import { join } from "node:path";
import { createOmniForge } from "omniforge";
import { temporal } from "../../../packages/temporal/src/index.ts";
import { pointsFile, root } from "../../../packages/omniforge/src/testing/crash/child-options.ts";
import { openLedger } from "../../../packages/omniforge/src/testing/crash/ledger.ts";
import { createPoints } from "../../../packages/omniforge/src/testing/crash/points.ts";
import { watchWorld } from "../../../packages/omniforge/src/testing/crash/watch-world.ts";
import { createProgram } from "./everything.ts";
import { workerOptions } from "./temporal-options.ts";

const {
  directory,
  process: number,
  kill,
  database,
  redis,
  ...place
} = workerOptions.parse(JSON.parse(process.argv[2] ?? "{}"));
const points = await createPoints(join(directory, pointsFile(number)), kill);
const ledger = openLedger(directory, number);
const { agent, models = {} } = createProgram(ledger);

await createOmniForge({
  dataDirectory: directory,
  // A database server that is killed would lose its last moment otherwise; a file does not.
  durability: database === undefined ? "process" : "power",
  ...(database !== undefined && { database }),
  ...(redis !== undefined && { redis }),
  agents: [agent],
  models,
  backend(world, how) {
    // Quicker than by default: a person who is killed before the task is woken would hold up the test.
    const reconcile = { everyMs: 500, quietMs: 1_000 };
    const watched = watchWorld(world, { points, ledger, tenant: root.tenant });
    return temporal({ ...place, reconcile, connectTimeoutMs: 60_000 })(watched, how);
  },
});
process.stdout.write("ready\n");
