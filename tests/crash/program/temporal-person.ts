/**
 * The person, in a process that performs no step: submits the task (or finds it), attends to it until it has ended, and
 * exits 0. May be killed and started again like any other.
 *
 * Usage: node program/temporal-person.ts '<JSON of personOptions>'
 */
import { join } from "node:path";
import { createOmniForge } from "omniforge";
import { createTask, type StepWorld } from "omniforge/steps";
import { temporal } from "../../../packages/temporal/src/index.ts";
import { userMessage } from "../../../packages/omniforge/src/protocol/message.ts";
import { openLedger } from "../ledger.ts";
import { createAgent, rootTask } from "./agents.ts";
import { attend } from "./attend.ts";
import { createPoints } from "./points.ts";
import { personOptions } from "./temporal-options.ts";

const { directory, ...place } = personOptions.parse(JSON.parse(process.argv[2] ?? "{}"));
// Nothing is executed here, so nothing of it is ever written.
const points = createPoints(join(directory, "points-of-nobody.txt"), undefined);
const agent = createAgent({ ledger: openLedger(directory, -1), points });

let opened: StepWorld | undefined;
const forge = await createOmniForge({
  dataDirectory: directory,
  durability: "process",
  work: false,
  backend(world, how) {
    opened = world;
    return temporal(place)(world, how);
  },
});
if (opened === undefined) throw new Error("the backend was not made");
const root = { tenant: "default", task: rootTask };
await createTask(opened, {
  ...root,
  specs: agent.specSet("scripted:root"),
  engine: "temporal",
  message: { message: userMessage("do everything") },
});
await forge.backend.start(root);
await attend({ world: opened, backend: forge.backend, root, eager: false });
await forge.close();
