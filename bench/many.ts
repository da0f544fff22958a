/** What many tasks cost a process that was started after them: memory and CPU while they wait, time until they run again. */
import { cpSync, rmSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { Child } from "./child.ts";
import { copyTask } from "./copies.ts";
import { agentOf, open, promptModel } from "./engine.ts";
import { agentFor } from "./parts.ts";
import { createWaiting } from "./two-processes.ts";
import type { Work } from "./work.ts";

export interface Resident {
  readonly mebibytes: number;
  readonly cpuPercent: number;
}

/** Memory and CPU of a process that executes tasks, while so many (none, too) wait for an approval. */
export async function parked({ directory, durability }: Work, tasks: number, ms: number): Promise<Resident> {
  const first = new Child("worker-program.ts", directory, durability);
  await first.says("opened");
  const task = await createWaiting(directory, agentFor("sign"));
  await first.kill();
  if (tasks > 1) copyTask({ directory, task, times: tasks - 1 });
  const child = new Child("worker-program.ts", directory, durability);
  await child.says("opened");
  // What the start itself costs is another figure.
  await setTimeout(3_000);
  const usage = async (): Promise<readonly number[]> => {
    child.order("usage");
    return child.says("usage");
  };
  const [, cpuBefore = 0, from = 0] = await usage();
  await setTimeout(ms);
  const [bytes = Number.NaN, cpu = 0, to = 0] = await usage();
  await child.kill();
  return { mebibytes: bytes / 2 ** 20, cpuPercent: (100 * (cpu - cpuBefore)) / (to - from) };
}

/** A task of so many turns that was stopped before its next one. */
export async function stopped(work: Work): Promise<string> {
  const reached = Promise.withResolvers<void>();
  let calls = 0;
  const model = promptModel(work.turns + 100, () => ++calls > work.turns && reached.resolve());
  const forge = await open(work, model);
  const { task } = await forge.submit(agentOf(work.turns + 100), "go");
  await reached.promise;
  await forge.close();
  return task;
}

export interface Again {
  /** From the spawn of the process, and from the moment that OmniForge begins to open, to the call. */
  readonly sinceSpawn: number;
  /** From the spawn to an open OmniForge. */
  readonly opened: number;
}

/**
 * From the spawn of a process to the first model call of the last of so many unfinished tasks of `work.turns` turns each.
 * `held`: so many are held by a dead process; a killed one leaves 1,000 at most.
 */
export async function again(work: Work, tasks: number, held: number): Promise<Again> {
  const task = await stopped(work);
  if (tasks > 1) copyTask({ directory: work.directory, task, times: tasks - 1, held });
  return reopened(work, tasks);
}

/** As `again`, of a folder that is filled already; it is left as it is found. */
export async function reopened({ directory, durability }: Work, calls: number): Promise<Again> {
  const copy = `${directory}-copy`;
  cpSync(directory, copy, { recursive: true });
  try {
    const child = new Child("worker-program.ts", copy, durability, String(calls));
    const [opened = Number.NaN] = await child.says("opened");
    let [at = Number.NaN] = await child.says("called");
    if (calls > 1) [at = Number.NaN] = await child.says("called");
    await child.kill();
    return { sinceSpawn: at - child.began, opened: opened - child.began };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
