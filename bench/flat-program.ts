/** `flat-program.ts FOLDER DURABILITY TURNS`: one long task in a process of its own; prints what it costs as it grows. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { agentOf, open, promptModel, untilAllEnded } from "./engine.ts";
import { gaps, median } from "./statistics.ts";

const [directory = "", level, words = "0"] = process.argv.slice(2);
const turns = Number(words);
const moments: number[] = [];
const resident: number[] = [];
const live: number[] = [];
const model = promptModel(turns, () => {
  moments.push(performance.now());
  const turn = moments.length;
  if (turn % 250 === 0) resident.push(process.memoryUsage.rss());
  // Twice only, and outside of the turns that are compared: a collection is not part of a turn.
  if (turn === Math.round(turns * 0.2) || turn === Math.round(turns * 0.89)) {
    globalThis.gc?.();
    live.push(process.memoryUsage().heapUsed);
  }
});
const forge = await open({ directory, durability: level === "process" ? "process" : "power", turns }, model);
await forge.submit(agentOf(turns), "go");
await untilAllEnded(forge, 1);
await forge.close();
const each = gaps(moments);
const first = median(each.slice(turns * 0.05, turns * 0.15));
const ratio = median(each.slice(turns * 0.9)) / first;
const before = median(each.slice(turns * 0.7, turns * 0.8)) / first;
const early = Math.max(...resident.slice(0, Math.ceil(resident.length / 5)));
const late = Math.max(...resident);
const bytes = statSync(join(directory, "omniforge.db")).size;
process.stdout.write(
  `flat ${[ratio, before, early, late, live[0], live[1], (bytes / turns) * 1_000].map(String).join(" ")}\n`,
);
