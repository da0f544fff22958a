/** A task of thousands of turns on Temporal: whether it ends, what its last turns cost, and its worker's memory meanwhile. */
import { readRuns } from "../../tests/temporal/history.ts";
import { agentOf, untilAllEnded } from "../engine.ts";
import { openClient, startWorker, type Site } from "./processes.ts";

export interface Long {
  readonly seconds: number;
  /** By thousand turns, milliseconds a turn. */
  readonly pace: readonly number[];
  /** Bytes every 500 turns, after a collection. */
  readonly resident: readonly number[];
  readonly live: readonly number[];
  readonly runs: number;
  /** Of the largest run. */
  readonly events: number;
  readonly bytes: number;
  /** Bytes a turn in the first and the last whole run. */
  readonly flat: readonly [first: number, last: number];
}

export async function longTask(site: Site): Promise<Long> {
  const worker = await startWorker(site);
  const client = await openClient(site);
  const began = performance.now();
  const { task } = await client.submit(agentOf(site.turns), "go");
  const ended = untilAllEnded(client, 1);
  const marks: number[] = [began];
  const resident: number[] = [];
  const live: number[] = [];
  while (resident.length < Math.floor(site.turns / 500)) {
    const [, rss = 0, heap = 0] = await worker.says("memory");
    resident.push(rss);
    live.push(heap);
    marks.push(performance.now());
  }
  await ended;
  const seconds = (performance.now() - began) / 1_000;
  const { firstRun } = (await client.world.store.row({ tenant: client.tenant, task })) ?? {};
  const runs = await readRuns(site.server.client, task, firstRun ?? "");
  await client.close();
  await worker.kill();
  const each = (index: number): number => {
    const run = runs.at(index);
    const models = run?.events.filter(
      ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === "callModel",
    );
    return (run?.bytes ?? 0) / (models?.length ?? 1);
  };
  return {
    seconds,
    pace: marks.slice(1).map((mark, index) => (mark - (marks[index] ?? mark)) / 500),
    resident,
    live,
    runs: runs.length,
    events: Math.max(...runs.map(({ events }) => events.length)),
    bytes: Math.max(...runs.map(({ bytes }) => bytes)),
    flat: [each(0), each(-2)],
  };
}
