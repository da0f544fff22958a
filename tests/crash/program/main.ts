/**
 * The program that is killed: opens an OmniForge, submits its one task (or finds it), attends to it until it has ended,
 * and exits 0. Started again with the same directory it goes on.
 *
 * Usage: node program/main.ts '<JSON of programOptions>'
 */
import { join } from "node:path";
import { createOmniForge } from "omniforge";
import { createTask, createTranscripts, type StepWorld } from "omniforge/steps";
import { inProcess } from "../../../packages/omniforge/src/in-process/index.ts";
import { userMessage } from "../../../packages/omniforge/src/protocol/message.ts";
import { openLedger } from "../ledger.ts";
import { createAgent, createModels, rootTask } from "./agents.ts";
import { attend } from "./attend.ts";
import { programOptions } from "./options.ts";
import { createPoints } from "./points.ts";
import { watchStore } from "./watched-store.ts";

const options = programOptions.parse(JSON.parse(process.argv[2] ?? "{}"));
const points = createPoints(join(options.directory, `points-${options.process}.txt`), options.kill);
const ledger = openLedger(options.directory, options.process);
const agent = createAgent({ ledger, points });

let watched: StepWorld | undefined;
const forge = await createOmniForge({
  dataDirectory: options.directory,
  durability: options.durability,
  agents: [agent],
  models: createModels({ ledger, points }),
  backend(world, how) {
    const store = watchStore(world.store, points);
    watched = { ...world, store, transcripts: createTranscripts(store) };
    return inProcess()(watched, how);
  },
});
if (watched === undefined) throw new Error("the backend was not made");
const root = { tenant: "default", task: rootTask };
await createTask(watched, {
  ...root,
  specs: agent.specSet("scripted:root"),
  engine: "in-process",
  message: { message: userMessage("do everything") },
});
await forge.backend.start(root);
await attend({ world: watched, backend: forge.backend, root, eager: options.eager });
await forge.close();
