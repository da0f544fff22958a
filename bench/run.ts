/**
 * `npm run bench`: what a turn costs in process, against a floor that writes the same rows in the same run.
 *
 * Rounds of engine and floor take turns, so that both meet the same noise. `--write FILE` keeps the table;
 * `--directory FOLDER` puts the databases elsewhere than in the system's temporary folder.
 */
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runEngine, runMany } from "./engine.ts";
import { runFloor } from "./floor.ts";
import { median, quantile, spread } from "./statistics.ts";
import type { Cost, Durability, Work } from "./work.ts";

const { values } = parseArgs({
  options: { write: { type: "string" }, directory: { type: "string", default: tmpdir() } },
});
const levels: readonly Durability[] = ["power", "process"];
const rounds = { 100: 7, 1_000: 4 } as const;
const manyTasks = 100;
const manyTurns = 20;

interface Pair {
  readonly engine: Cost;
  readonly floor: Cost;
}

async function inFolder<Value>(
  work: Omit<Work, "directory">,
  run: (work: Work) => Promise<Value>,
): Promise<Value> {
  const directory = mkdtempSync(join(values.directory, "omniforge-bench-"));
  try {
    return await run({ ...work, directory });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Pairs of engine and floor; who goes first changes with every round. */
async function pairs(durability: Durability, turns: 100 | 1_000): Promise<readonly Pair[]> {
  const all: Pair[] = [];
  for (let round = 0; round < rounds[turns]; round++) {
    const pair = await inFolder({ durability, turns }, async (work) => {
      const early = round % 2 === 0 ? runFloor(work) : undefined;
      const engine = await runEngine(work);
      return { engine, floor: early ?? runFloor(work) };
    });
    all.push(pair);
  }
  return all;
}

const p50s = (costs: readonly Cost[]): number[] => costs.map(({ turns }) => median(turns));
const row = (...cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
const kilobytes = (bytes: number): string => (bytes / 1_000).toFixed(0);

const perTurn = [
  row("durability", "turns", "engine p50, ms", "engine p95, ms", "floor p50, ms", "ratio of p50s"),
  row("---", "---:", "---", "---", "---", "---"),
];
const more: string[] = [row("figure", ...levels), row("---", ...levels.map(() => "---"))];
const flat: string[] = [];
const sizes: string[] = [];
const many: string[] = [];
const followed: string[] = [];

// The first run compiles; it counts nowhere.
await inFolder({ durability: "process", turns: 100 }, (work) => runEngine(work));
for (const durability of levels) {
  for (const turns of [100, 1_000] as const) {
    const found = await pairs(durability, turns);
    const engines = found.map(({ engine }) => engine);
    const floors = found.map(({ floor }) => floor);
    const ratios = found.map(({ engine, floor }) => median(engine.turns) / median(floor.turns));
    const slow = engines.map((cost) => quantile(cost.turns, 0.95));
    perTurn.push(
      row(durability, turns, spread(p50s(engines)), spread(slow), spread(p50s(floors)), spread(ratios)),
    );
    if (turns !== 1_000) continue;
    flat.push(
      spread(engines.map((cost) => median(cost.turns.slice(900, 1_000)) / median(cost.turns.slice(50, 150)))),
    );
    sizes.push(
      `${kilobytes(median(engines.map(({ bytes }) => bytes)))} (floor ${kilobytes(median(floors.map(({ bytes }) => bytes)))})`,
    );
  }
  const rates: number[] = [];
  for (let round = 0; round < 3; round++)
    rates.push(await inFolder({ durability, turns: manyTurns }, (work) => runMany(work, manyTasks)));
  many.push(spread(rates, 0));
  const watched: Cost[] = [];
  for (let round = 0; round < 3; round++)
    watched.push(await inFolder({ durability, turns: 100 }, (work) => runEngine(work, true)));
  followed.push(spread(p50s(watched)));
}
more.push(row("turns 900–1,000 against 50–150, ratio of medians", ...flat));
more.push(row("database after 1,000 turns, kB", ...sizes));
more.push(row(`${manyTasks} tasks at once, turns a second`, ...many));
more.push(row("p50 of a turn while somebody follows, ms", ...followed));

const isMemory = statfsSync(values.directory).type === 0x01021994;
const text = [
  `Node ${process.versions.node}, SQLite ${process.versions["sqlite"] ?? "?"}, ${platform()} ${release()} ${arch()}, ${cpus().length} CPUs.`,
  `One tool call of 1 KiB a turn, a model without latency; min / median / max over rounds that alternate with the floor's.`,
  ...(isMemory ? ["**The databases lie in memory: `power` costs nothing here, and means nothing.**"] : []),
  "",
  ...perTurn,
  "",
  ...more,
  "",
].join("\n");
console.log(text);
if (values.write !== undefined) writeFileSync(values.write, text);
