/** The rows of `--all`: what needs many tasks, long ones, or several processes. */
import { Child } from "./child.ts";
import { again, parked, reopened, stopped } from "./many.ts";
import { quantile, spread } from "./statistics.ts";
import { noticed, takeovers } from "./two-processes.ts";
import type { Durability, Work } from "./work.ts";

export type InFolder = <Value>(
  work: Omit<Work, "directory">,
  run: (work: Work) => Promise<Value>,
) => Promise<Value>;

type Row = (...cells: readonly (string | number)[]) => string;

const parkedTasks = 100_000;
const parkedMs = 20_000;
const unfinished = 10_000;
/** As many as one process holds when it is killed. */
const held = 1_000;
const kills = 20;
const times = 100;
const turns = 10_000;

const tail = (values: readonly number[]): string =>
  `${[0, 0.5, 0.99].map((share) => quantile(values, share).toFixed(1)).join(" / ")} (${values.length})`;

export async function longRows(inFolder: InFolder, row: Row): Promise<readonly string[]> {
  const rows: string[] = [];
  const power = { durability: "power", turns: 1 } as const;
  const none = await inFolder(power, (work) => parked(work, 1, parkedMs));
  const many = await inFolder(power, (work) => parked(work, parkedTasks, parkedMs));
  rows.push(
    row(
      "100,000 tasks that wait for an approval: RSS of a process that executes (with one such task), MiB",
      "≤ 150 MB",
      `${many.mebibytes.toFixed(0)} (${none.mebibytes.toFixed(0)})`,
    ),
    row(
      "CPU of that process over 20 s (with one such task), %",
      "< 1",
      `${many.cpuPercent.toFixed(2)} (${none.cpuPercent.toFixed(2)})`,
    ),
  );

  const back = await inFolder({ ...power, turns: 5 }, (work) => again(work, unfinished, held));
  rows.push(
    row(
      "10,000 unfinished tasks of 5 turns, 1,000 of them a killed process's: spawn to the last one's next model call (to an open OmniForge), s",
      "≤ 3",
      `${(back.sinceSpawn / 1_000).toFixed(1)} (${(back.opened / 1_000).toFixed(1)})`,
    ),
  );

  const reached = await inFolder({ durability: "process", turns }, async (work) => {
    await stopped(work);
    const all = [];
    for (let round = 0; round < 3; round++) all.push(await reopened(work, 1));
    return all;
  });
  rows.push(
    row(
      "a task of 10,000 turns: spawn of a process to its next model call, ms",
      "",
      spread(
        reached.map(({ sinceSpawn }) => sinceSpawn),
        0,
      ),
    ),
    row(
      "of that, an open OmniForge to the call, ms",
      "≤ 250",
      spread(
        reached.map(({ sinceSpawn, opened }) => sinceSpawn - opened),
        0,
      ),
    ),
  );

  for (const durability of ["power", "process"] as const)
    rows.push(...(await flat(inFolder, row, durability)));

  const taken = await inFolder(power, (work) => takeovers(work, kills));
  rows.push(
    row(
      "SIGKILL of a process to its task's model call in another, min / p50 / p99 (kills), ms",
      "≤ 100",
      tail(taken),
    ),
  );
  const heard = await inFolder(power, (work) => noticed(work, times));
  for (const [what, delays] of Object.entries(heard) as [keyof typeof effects, readonly number[]][])
    rows.push(row(`${effects[what]}, min / p50 / p99 (times), ms`, "p99 ≤ 100", tail(delays)));
  return rows;
}

const effects = {
  say: "an answer said in one process to the next model call in another",
  respond: "an approval in one process to the tool's start in another",
  cancel: "a cancel in one process to the abort of the tool in another",
};

async function flat(inFolder: InFolder, row: Row, durability: Durability): Promise<readonly string[]> {
  const found = await inFolder({ durability, turns }, async ({ directory }) => {
    const child = new Child("flat-program.ts", directory, durability, String(turns));
    const numbers = await child.says("flat");
    await child.kill();
    return numbers;
  });
  const [ratio = 0, before = 0, early = 0, late = 0, liveEarly = 0, liveLate = 0, bytes = 0] = found;
  const mebibytes = (value: number): string => (value / 2 ** 20).toFixed(0);
  return [
    row(
      `a process with one task of 10,000 turns: turns 9,000–10,000 (7,000–8,000) against 500–1,500, ${durability}`,
      "≤ 1.15",
      `${ratio.toFixed(2)} (${before.toFixed(2)})`,
    ),
    row(
      `its highest RSS in the first fifth → in all; live heap after turn 2,000 → 8,900, MiB, ${durability}`,
      "flat",
      `${mebibytes(early)} → ${mebibytes(late)}; ${mebibytes(liveEarly)} → ${mebibytes(liveLate)}`,
    ),
    row(`database for each 1,000 of 10,000 turns, kB, ${durability}`, "≤ 2,600", (bytes / 1_000).toFixed(0)),
  ];
}
