/**
 * The process that is killed: opens an OmniForge over what is under fire, submits the one task (or finds it), attends to
 * it until it has ended, and exits 0. Started again with the same directory it goes on.
 *
 * Usage: node child.js '<JSON of childOptions>'. A program like anybody's: it knows OmniForge by its entry point.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { createOmniForge, inProcess } from "../../index.ts";
import { keylessReference } from "../../models/keyless/index.ts";
import { userMessage } from "../../protocol/message.ts";
import { createTask } from "../../steps/create-task.ts";
import type { StepWorld } from "../../steps/step.ts";
import { childOptions, pointsFile, root, traitsFile, type Traits } from "./child-options.ts";
import type { CreateCrashProgram } from "./crash-program.ts";
import { openLedger } from "./ledger.ts";
import { attend } from "./attend.ts";
import { createPoints } from "./points.ts";
import { watchWorld } from "./watch-world.ts";

const options = childOptions.parse(JSON.parse(process.argv[2] ?? "{}"));
const { directory } = options;
const ledger = openLedger(directory, options.process);
const points = await createPoints(join(directory, pointsFile(options.process)), options.kill);

const module = z
  .object({ default: z.custom<CreateCrashProgram>((value) => typeof value === "function") })
  .safeParse(await import(options.program));
if (!module.success) throw new Error(`${options.program} has no default export that makes a crash program`);
const program = await module.data.default({
  directory,
  ledger: {
    effect(key, what) {
      const passage = points.begin(`effect ${what} ${key}`);
      ledger.effect(key, what);
      passage.end();
    },
    hasEffect: (key, what) => ledger.hasEffect(key, what),
  },
});

const { indifferent = false, repeatable = true } = program;
const said: Traits = { indifferent, repeatable };
writeFileSync(join(directory, traitsFile), JSON.stringify(said));

const { agent, message, limits, backend = inProcess(), model = keylessReference } = program;
let watched: StepWorld | undefined;
const forge = await createOmniForge({
  dataDirectory: directory,
  durability: options.durability,
  agents: [agent],
  model,
  workspace: directory,
  ...(program.discovery && { discovery: program.discovery }),
  ...(program.models && { models: program.models }),
  ...(program.modelFacts && { modelFacts: program.modelFacts }),
  backend(world, how) {
    watched = watchWorld(world, { points, ledger, tenant: root.tenant });
    return backend(watched, how);
  },
});
if (watched === undefined) throw new Error("the backend was not made");
await createTask(watched, {
  ...root,
  specs: agent.specSet(model),
  engine: forge.backend.name,
  message: { message: userMessage(message) },
  ...(limits && { limits }),
});
ledger.write("accepted", `${root.task}/first`);
await forge.backend.start(root);
await attend({ world: watched, backend: forge.backend, ledger, root, eager: options.eager, program });
await forge.close();
