/** A worker killed at any moment: how long until the one beside it goes on. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "../child.ts";
import { agentOf } from "../engine.ts";
import { openClient, startWorker, type Site } from "./processes.ts";

/** Milliseconds from each kill to the next step of the task, in the other worker. */
export async function takeOvers(site: Site, kills: number): Promise<readonly number[]> {
  const client = await openClient(site);
  const workers = [await watched(site), await watched(site)];
  await client.submit(agentOf(site.turns), "go");
  const found: number[] = [];
  while (found.length < kills) {
    await until(() => workers.some(({ last }) => last > 0));
    await sleep(Math.random() * 400);
    const [one, other] = workers.toSorted((a, b) => b.last - a.last);
    if (one === undefined || other === undefined) throw new Error("two workers were started");
    // Whoever spoke last has the step, or is deciding what comes next.
    const at = await one.child.kill();
    const seen = Math.max(at, other.last);
    await until(() => other.last > seen);
    found.push(other.last - at);
    workers[workers.indexOf(one)] = await watched(site);
  }
  for (const { child } of workers) await child.kill();
  await client.close();
  return found;
}

interface Watched {
  readonly child: Child;
  /** When it last began a step; 0: never. */
  last: number;
}

async function watched(site: Site): Promise<Watched> {
  const one: Watched = { child: await startWorker(site), last: 0 };
  void follow(one);
  return one;
}

async function follow(one: Watched): Promise<void> {
  try {
    for (;;) [one.last = 0] = await one.child.says("step");
  } catch {
    // It was killed.
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !holds(); await sleep(5))
    if (Date.now() > end) throw new Error("waited in vain");
}
