/** Planted: engines with a fault that shows only once a process has died. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inProcess } from "omniforge";
import type { BackendFactory } from "omniforge/backend";
import type { StepWorld } from "omniforge/steps";
import type { TaskStore } from "omniforge/store";
import { defineCrashProgram, type CreateCrashProgram } from "omniforge/testing";
import { createTranscripts } from "omniforge/steps";
import { createProgram } from "../everything.ts";

/** The agent of `everything.ts` on an engine whose store is this in every process after the first. */
export function onFaultyStore(fault: (store: TaskStore) => TaskStore): CreateCrashProgram {
  return defineCrashProgram(({ ledger, directory }) => {
    const mark = join(directory, "has-run");
    const isRestarted = existsSync(mark);
    writeFileSync(mark, "");
    const backend: BackendFactory = (world, how) => inProcess()(isRestarted ? withFault(world) : world, how);
    const withFault = (world: StepWorld): StepWorld => {
      const store = fault(world.store);
      return { ...world, store, transcripts: createTranscripts(store) };
    };
    return { ...createProgram(ledger), backend };
  });
}
