/**
 * A process that executes tasks and serves nobody: `node worker.ts JSON`.
 *
 * The JSON says where tasks, Redis and Temporal are, and how its model stammers.
 */
import { createOmniForge, type OmniForgeOptions } from "omniforge";
import { temporal, type TemporalOptions } from "../../packages/temporal/src/index.ts";
import { speaker, type Stammering } from "../client/stammering-forge.ts";
import { stammeringModel } from "../client/stammering-model.ts";

export interface Shared extends Pick<OmniForgeOptions, "dataDirectory" | "database" | "redis"> {
  readonly temporal?: TemporalOptions;
  readonly stammering: Stammering;
}

/** What both processes are opened with. */
export function optionsOf({ temporal: place, stammering, ...more }: Shared): OmniForgeOptions {
  const { turns, failures, pauseMs } = stammering;
  return {
    ...more,
    agents: [speaker],
    models: { "stammering:test": stammeringModel(turns, failures, pauseMs) },
    model: "stammering:test",
    durability: "process",
    ...(place !== undefined && { backend: temporal(place) }),
  };
}

if (process.argv[1] === import.meta.filename) {
  await createOmniForge(optionsOf(JSON.parse(process.argv[2] ?? "{}") as Shared));
  process.stdout.write("ready\n");
  // Looking for tasks keeps no process alive.
  setInterval(() => undefined, 1_000);
}
