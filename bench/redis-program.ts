/**
 * Says pieces of running text in many tasks, each with the moment at which it was said: `node redis-program.ts ADDRESS TASKS`.
 * Told `ours N` it does so by the relay, told `floor N` it writes streams by hand; N pieces, as many a millisecond as asked.
 */
import { memoryStore } from "omniforge/store";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "redis";
import { attemptOf, openPlace } from "../tests/redis/place.ts";
import { moment } from "./statistics.ts";

const [address = "", count = "1"] = process.argv.slice(2);
const tasks = Array.from({ length: Number(count) }, (_, index) => `task_${index}`);
const place = openPlace(address, memoryStore());
const client = createClient({ url: address });
await client.connect();
/** Rises with each round: a new attempt at the same step. */
let round = 2;

/** A piece a millisecond, task after task. */
async function each(pieces: number, say: (index: number) => void): Promise<void> {
  const began = moment();
  for (let said = 0; said < pieces; await sleep(1))
    for (; said < Math.min(pieces, moment() - began); said++) say(said % tasks.length);
}

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  const [what, pieces = "0"] = line.split(" ");
  const attempts = tasks.map((task) => attemptOf(task, ++round));
  if (what === "ours") {
    for (const attempt of attempts) place.say(attempt.begins());
    await each(Number(pieces), (index) => {
      const attempt = attempts[index];
      if (attempt !== undefined) place.say(attempt.says(`${moment()} `));
    });
  } else
    await each(Number(pieces), (index) => {
      const name = `floor:${tasks[index]}`;
      void client.sendCommand(["XADD", name, "MAXLEN", "~", "2000", "*", "piece", `${moment()} `]);
    });
  process.stdout.write("said\n");
}
