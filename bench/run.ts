/**
 * `npm run bench`: what a turn costs in process, against a floor that writes the same rows in the same run, and against the
 * `ai` package's loop; and what many tasks cost. `--all` adds tasks of 10,000 turns, 100,000 tasks that wait, and several
 * processes.
 *
 * Rounds of engine and floor take turns, so that both meet the same noise. `--write FILE` keeps the table;
 * `--directory FOLDER` puts the databases elsewhere than in the system's temporary folder.
 */
import { mkdtempSync, rmSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runEngine, runMany } from "./engine.ts";
import { cancelDelays, fill, loopDelay, resumes, toolCancelDelays } from "./crowd.ts";
import { runFloor } from "./floor.ts";
import { longRows } from "./long.ts";
import { runPeer } from "./peer.ts";
import { median, quantile, spread } from "./statistics.ts";
import type { Cost, Durability, Work } from "./work.ts";

const { values } = parseArgs({
  options: {
    write: { type: "string" },
    directory: { type: "string", default: tmpdir() },
    all: { type: "boolean", default: false },
  },
});
const levels: readonly Durability[] = ["power", "process"];
/** Rounds by the number of turns. */
const rounds: readonly (readonly [number, number])[] = [
  [10, 5],
  [100, 4],
  [1_000, 3],
  ...(values.all ? [[10_000, 2] as const] : []),
];
const goals = { power: "≤ 1.5", process: "≤ 2" };
const manyTasks = 100;
const manyTurns = 100;

interface Pair {
  readonly engine: Cost;
  readonly floor: Cost;
  /** Milliseconds of a turn of the `ai` package's loop. */
  readonly peer: readonly number[];
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
async function pairs(durability: Durability, turns: number, times: number): Promise<readonly Pair[]> {
  const all: Pair[] = [];
  for (let round = 0; round < times; round++) {
    const pair = await inFolder({ durability, turns }, async (work) => {
      const early = round % 2 === 0 ? runFloor(work) : undefined;
      const engine = await runEngine(work);
      const floor = early ?? runFloor(work);
      return { engine, floor, peer: await runPeer(Math.min(turns, 1_000)) };
    });
    all.push(pair);
  }
  return all;
}

const p50s = (costs: readonly Cost[]): number[] => costs.map(({ turns }) => median(turns));
const row = (...cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
const kilobytes = (bytes: number): string => (bytes / 1_000).toFixed(0);

const perTurn = [
  row(
    "durability",
    "turns",
    "engine p50, ms",
    "floor p50, ms",
    "engine : floor",
    "goal",
    "`ai` p50, ms",
    "engine : `ai`",
  ),
  row("---", "---:", "---", "---", "---", "---", "---", "---"),
];
const more: string[] = [row("figure", "goal", "measured"), row("---", "---", "---")];

// The first runs compile; they count nowhere.
await inFolder({ durability: "process", turns: 1_000 }, (work) => runEngine(work));
await runPeer(200);
for (const durability of levels) {
  for (const [turns, times] of rounds) {
    const found = await pairs(durability, turns, times);
    const engines = found.map(({ engine }) => engine);
    const ratios = found.map(({ engine, floor }) => median(engine.turns) / median(floor.turns));
    const peers = found.map(({ peer }) => median(peer));
    const against = found.map(({ engine, peer }) => median(engine.turns) / median(peer));
    const floors = spread(p50s(found.map(({ floor }) => floor)));
    const goal = turns === 1_000 ? goals[durability] : "";
    perTurn.push(
      row(
        durability,
        turns,
        spread(p50s(engines)),
        floors,
        spread(ratios),
        goal,
        spread(peers),
        spread(against),
      ),
    );
    if (turns >= 1_000) {
      const [from, to] = turns === 1_000 ? [50, 150] : [500, 1_500];
      const late = engines.map(
        (cost) => median(cost.turns.slice(turns * 0.9)) / median(cost.turns.slice(from, to)),
      );
      more.push(
        row(
          `last tenth of ${turns} turns against turns ${from}–${to}, ${durability}`,
          "≤ 1.15 at 10,000",
          spread(late),
        ),
      );
    }
    if (turns === 1_000 && durability === "power") {
      more.push(
        row(
          "database after 1,000 turns, kB",
          "≤ 2,600",
          kilobytes(median(engines.map(({ bytes }) => bytes))),
        ),
      );
      more.push(
        row(
          "written to disk a turn, kB",
          "",
          spread(
            engines.map(({ written }) => written / turns / 1_000),
            1,
          ),
        ),
      );
    }
  }
}

const rates: number[] = [];
for (let round = 0; round < 2; round++)
  rates.push(
    await inFolder({ durability: "power", turns: manyTurns }, async (work) => {
      await fill(work, 200_000);
      return runMany(work, manyTasks);
    }),
  );
more.push(
  row("100 tasks at once on a table of 200,000 rows, power, turns a second", "≥ 10,000", spread(rates, 0)),
);

const delays: number[] = [];
for (let round = 0; round < 3; round++)
  delays.push(await inFolder({ durability: "power", turns: 50 }, (work) => loopDelay(work, manyTasks)));
more.push(row("event loop's delay p99, 100 tasks with a model of 50 ms, ms", "≤ 10", spread(delays, 1)));

const cancels = await inFolder({ durability: "power", turns: 1 }, (work) => cancelDelays(work, 100));
more.push(
  row(
    "cancel to the model call's abort, p50 / p99, ms",
    "p99 ≤ 50",
    `${median(cancels).toFixed(1)} / ${quantile(cancels, 0.99).toFixed(1)}`,
  ),
);
const toolCancels = await inFolder({ durability: "power", turns: 1 }, (work) => toolCancelDelays(work, 100));
more.push(
  row(
    "cancel to the running tool's abort signal, p50 / p99, ms",
    "p99 ≤ 50",
    `${median(toolCancels).toFixed(1)} / ${quantile(toolCancels, 0.99).toFixed(1)}`,
  ),
);

const resumeTurns = values.all ? 10_000 : 2_000;
const resumed: number[] = [];
for (let round = 0; round < 2; round++)
  resumed.push(await inFolder({ durability: "process", turns: resumeTurns }, (work) => resumes(work)));
more.push(
  row(`a task of ${resumeTurns} turns to its next model call, ms`, "≤ 250 at 10,000", spread(resumed, 0)),
);
if (values.all) more.push(...(await longRows(inFolder, row)));

const isMemory = statfsSync(values.directory).type === 0x01021994;
const text = [
  `Node ${process.versions.node}, SQLite ${process.versions["sqlite"] ?? "?"}, ${platform()} ${release()} ${arch()}, ${cpus().length} CPUs.`,
  `One tool call of 1 KiB a turn, a model without latency; min / median / max over rounds that alternate with the floor's.`,
  ...(isMemory ? ["**The databases lie in memory: `power` costs nothing here, and means nothing.**"] : []),
  "",
  ...perTurn,
  "",
  ...more,
  readFileSync(new URL("notes.md", import.meta.url), "utf8"),
].join("\n");
console.log(text);
if (values.write !== undefined) writeFileSync(values.write, text);
