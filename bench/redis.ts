/**
 * How long a piece of running text takes from one process to another through Redis, against streams written and read by
 * hand on the same server, and against a follower of the same process:
 * `node --conditions=omniforge:source bench/redis.ts`.
 *
 * The server: OMNIFORGE_TEST_REDIS, else one from a local binary. The three take turns.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { memoryStore } from "omniforge/store";
import { createClient } from "redis";
import { create } from "../packages/omniforge/src/testing/store-contract/claim.ts";
import { attemptOf, openPlace, type Hearer } from "../tests/redis/place.ts";
import { startRedis } from "../tests/redis/server.ts";
import { Child } from "./child.ts";
import { median, moment, quantile, spread } from "./statistics.ts";

const tasks = Array.from({ length: 20 }, (_, index) => `task_${index}`);
const rounds = 5;
const pieces = 3_000;
const server = await startRedis();
const store = memoryStore();
/** Said and followed in one process: a later attempt here would silence the one there. */
const ownTasks = tasks.map((task) => `own_${task}`);
for (const task of [...tasks, ...ownTasks]) await create(store, { tenant: "default", task });

/** Takes the moments out of a text that was heard, and notes how long ago each was. */
function note(latencies: number[], text: string): void {
  for (const said of text.split(" ")) if (said !== "") latencies.push(moment() - Number(said));
}

/** Notes what is told from now on. */
function listen(hearers: readonly Hearer[], latencies: number[]): () => void {
  for (const hearer of hearers)
    hearer.take = (event) => {
      if (event.type === "delta") note(latencies, event.text);
      return true;
    };
  return () => {
    for (const hearer of hearers) hearer.take = () => true;
  };
}

const place = openPlace(server.address, store);
const hearers = tasks.map((task) => place.follow(task));
const here = openPlace(server.address, store);
const localHearers = ownTasks.map((task) => here.follow(task));
const writer = new Child("redis-program.ts", server.address, String(tasks.length));
await writer.says("ready");
const reader = createClient({ url: server.address });
await reader.connect();

async function far(): Promise<readonly number[]> {
  const latencies: number[] = [];
  const stop = listen(hearers, latencies);
  writer.order(`ours ${pieces}`);
  await writer.says("said");
  for (const deadline = moment() + 10_000; latencies.length < pieces && moment() < deadline;) await sleep(20);
  stop();
  if (latencies.length !== pieces) throw new Error(`${latencies.length} of ${pieces} pieces came`);
  return latencies;
}

async function floor(): Promise<readonly number[]> {
  const latencies: number[] = [];
  const names = tasks.map((task) => `floor:${task}`);
  for (const name of names) await reader.sendCommand(["DEL", name]);
  const after = names.map(() => "0");
  writer.order(`floor ${pieces}`);
  while (latencies.length < pieces) {
    const found = (await reader.sendCommand([
      "XREAD",
      "BLOCK",
      "5000",
      "STREAMS",
      ...names,
      ...after,
    ])) as unknown;
    for (const [name, entries] of Object.entries(found as Record<string, [string, string[]][]>))
      for (const [id, [, text = ""]] of entries) {
        after[names.indexOf(name)] = id;
        note(latencies, text);
      }
  }
  await writer.says("said");
  return latencies;
}

async function local(): Promise<readonly number[]> {
  const latencies: number[] = [];
  const stop = listen(localHearers, latencies);
  const attempts = ownTasks.map((task) => attemptOf(task, Math.floor(moment())));
  for (const attempt of attempts) here.say(attempt.begins());
  const began = moment();
  for (let said = 0; said < pieces; await sleep(1))
    for (; said < Math.min(pieces, moment() - began); said++) {
      const attempt = attempts[said % tasks.length];
      if (attempt !== undefined) here.say(attempt.says(`${moment()} `));
    }
  stop();
  return latencies;
}

const found = {
  far: [] as (readonly number[])[],
  floor: [] as (readonly number[])[],
  local: [] as (readonly number[])[],
};
await far();
for (let round = 0; round < rounds; round++) {
  const order = round % 2 === 0 ? (["far", "floor", "local"] as const) : (["local", "floor", "far"] as const);
  for (const which of order) found[which].push(await { far, floor, local }[which]());
}
const row = (...cells: readonly string[]): void => console.log(`| ${cells.join(" | ")} |`);
row("one piece a millisecond, in 20 tasks", "p50, ms", "p99, ms");
row("---", "---", "---");
for (const [name, all] of [
  ["through Redis, to another process", found.far],
  ["streams by hand, on the same server", found.floor],
  ["within one process", found.local],
] as const)
  row(name, spread(all.map(median)), spread(all.map((one) => quantile(one, 0.99))));
await writer.kill();
reader.destroy();
for (const one of [place, here]) await one[Symbol.asyncDispose]();
await server.stop();
process.exit(0);
