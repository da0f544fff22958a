/** Many tasks on Temporal: 500 at once on two workers, and 100 that wait and are answered at once on a fresh one. */
import { setTimeout as sleep } from "node:timers/promises";
import type { OmniForge } from "omniforge";
import { agentOf, untilAllEnded } from "../engine.ts";
import { moment } from "../statistics.ts";
import { openClient, startWorker, type Site } from "./processes.ts";
import { askingAgent } from "./scene.ts";

export interface Crowd {
  readonly turnsASecond: number;
  /** Workflow tasks that outlasted their time on a worker; and that a worker's own queue did not take in time. */
  readonly timedOut: number;
  readonly notTaken: number;
  /** Workflow tasks that failed, and workflows that did not complete. */
  readonly failed: number;
}

/** All tasks given at once to two workers. */
export async function crowd(site: Site, tasks: number): Promise<Crowd> {
  const client = await openClient(site);
  const workers = [await startWorker(site), await startWorker(site)];
  // What they say is read, or they would stand still once the pipe is full; it ends when they are killed.
  for (const worker of workers) void worker.says("the end").catch(() => undefined);
  const agent = agentOf(site.turns);
  const began = performance.now();
  const given = await Promise.all(Array.from({ length: tasks }, () => client.submit(agent, "go")));
  await untilAllEnded(client, tasks);
  const seconds = (performance.now() - began) / 1_000;
  const counted = await troubles(
    site,
    given.map(({ task }) => task),
  );
  for (const worker of workers) await worker.kill();
  await client.close();
  return { turnsASecond: (tasks * (site.turns + 1)) / seconds, ...counted };
}

async function troubles({ server }: Site, tasks: readonly string[]): Promise<Omit<Crowd, "turnsASecond">> {
  const found = { timedOut: 0, notTaken: 0, failed: 0 };
  for (const task of tasks) {
    const { events } = await server.client.workflow.getHandle(task).fetchHistory();
    for (const event of events ?? []) {
      const { workflowTaskTimedOutEventAttributes: timedOut } = event;
      if (timedOut) found[Number(timedOut.timeoutType) === startToClose ? "timedOut" : "notTaken"]++;
      if (event.workflowTaskFailedEventAttributes) found.failed++;
    }
    if (!events?.at(-1)?.workflowExecutionCompletedEventAttributes) found.failed++;
  }
  return found;
}

/** Temporal's TimeoutType. */
const startToClose = 1;

/** Seconds from the answers to the last task's next step: every task has a history, and nobody has seen one. */
export async function answeredAtOnce(site: Site, tasks: number): Promise<number> {
  const client = await openClient(site);
  const before = await startWorker(site);
  const agent = askingAgent(site.turns);
  await Promise.all(Array.from({ length: tasks }, () => client.submit(agent, "go")));
  const waiting = await parked(client, tasks);
  await before.kill();
  const fresh = await startWorker(site);
  const answered = moment();
  await Promise.all(
    waiting.map(({ task, request }) => client.respond(task, request, { decision: "answer", value: "this" })),
  );
  let last = answered;
  for (let step = 0; step < tasks; step++) [last = 0] = await fresh.says("step");
  await fresh.kill();
  await client.close();
  return (last - answered) / 1_000;
}

async function parked(
  client: OmniForge,
  tasks: number,
): Promise<readonly { readonly task: string; readonly request: string }[]> {
  for (;;) {
    const all = await client.list({ agent: "asking", limit: tasks });
    const asked = all.flatMap(({ task, pending }) => pending.map(({ id }) => ({ task, request: id })));
    const rows = await Promise.all(
      all.map(({ task }) => client.world.store.row({ tenant: client.tenant, task })),
    );
    if (asked.length === tasks && rows.every((row) => row?.parkedAtWakes !== null)) return asked;
    await sleep(50);
  }
}
