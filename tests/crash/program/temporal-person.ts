/**
 * The person, in a process that performs no step: submits the task (or finds it), attends to it until it has ended, and
 * exits 0. May be killed and started again like any other.
 *
 * Usage: node program/temporal-person.ts '<JSON of personOptions>'
 */
import { createOmniForge } from "omniforge";
import { createTask, type StepWorld } from "omniforge/steps";
import { temporal } from "../../../packages/temporal/src/index.ts";
import { userMessage } from "../../../packages/omniforge/src/protocol/message.ts";
import { attend } from "../../../packages/omniforge/src/testing/crash/attend.ts";
import { root } from "../../../packages/omniforge/src/testing/crash/child-options.ts";
import { openLedger } from "../../../packages/omniforge/src/testing/crash/ledger.ts";
import { createProgram } from "./everything.ts";
import { personOptions } from "./temporal-options.ts";

const { directory, database, redis, ...place } = personOptions.parse(JSON.parse(process.argv[2] ?? "{}"));
const ledger = openLedger(directory, -1);
const program = createProgram(ledger);

let opened: StepWorld | undefined;
const forge = await createOmniForge({
  dataDirectory: directory,
  // A database server that is killed would lose its last moment otherwise; a file does not.
  durability: database === undefined ? "process" : "power",
  ...(database !== undefined && { database }),
  ...(redis !== undefined && { redis }),
  work: false,
  backend(world, how) {
    opened = world;
    return temporal({ ...place, connectTimeoutMs: 60_000 })(world, how);
  },
});
if (opened === undefined) throw new Error("the backend was not made");
await createTask(opened, {
  ...root,
  specs: program.agent.specSet("scripted:root"),
  engine: "temporal",
  message: { message: userMessage(program.message) },
});
await forge.backend.start(root);
await attend({ world: opened, backend: forge.backend, ledger, root, eager: false, program });
await forge.close();
