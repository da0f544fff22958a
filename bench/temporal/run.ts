/**
 * `npm run bench:temporal`: what a turn costs on Temporal, against a workflow written by hand whose activities make the same
 * commits, on the same server, in turns with it; what histories hold; how soon the work goes on. `--long` adds a task of
 * 10,000 turns; `--only NAME` makes one part of it, `--pairs N` and `--tasks N` make it shorter.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startServer, type TestServer } from "../../tests/temporal/server.ts";
import { median, quantile, spread } from "../statistics.ts";
import { conversation, turnOf } from "./bytes.ts";
import { answeredAtOnce, crowd } from "./crowd.ts";
import type { EngineName } from "./engine-of.ts";
import { firstEvents } from "./first-event.ts";
import { takeOvers } from "./kills.ts";
import { longTask } from "./long.ts";
import { turnPairs } from "./pairs.ts";
import type { Site } from "./processes.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    long: { type: "boolean", default: false },
    pairs: { type: "string", default: "20" },
    kills: { type: "string", default: "20" },
    tasks: { type: "string", default: "500" },
  },
});
const eager = ["--dynamic-config-value", "system.enableActivityEagerExecution=true"];

const row = (...cells: readonly (string | number)[]): void => console.log(`| ${cells.join(" | ")} |`);

/** On a server and in a folder of its own. */
async function apart<Value>(
  run: (server: TestServer, directory: string) => Promise<Value>,
  more: readonly string[] = [],
): Promise<Value> {
  const directory = mkdtempSync(join(tmpdir(), "omniforge-bench-"));
  const server = await startServer(more);
  try {
    return await run(server, directory);
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

const site = (run: (site: Site) => Promise<void>, more: Partial<Site> = {}): Promise<void> =>
  apart((server, directory) => run({ server, directory, engine: "ours", turns: 5, ...more }));

const parts: Readonly<Record<string, () => Promise<void>>> = {
  turn: () => pairs("a turn, ms", []),
  eager: () => pairs("a turn with eager activities, ms", eager),
  bytes: () =>
    apart(async (server, directory) => {
      for (const calls of [1, 5, 20, 40]) {
        const { events, bytes } = await turnOf(server, directory, calls);
        const goal = calls === 1 ? "≤ 12, ≤ 2,048" : `≤ ${(6 + 4.3 * calls).toFixed(0)}`;
        row(
          `history of a turn of ${calls} tool calls: events, bytes`,
          goal,
          `${events}, ${bytes.toFixed(0)}`,
        );
      }
      const { bytes, said } = await conversation(server, directory, 100, 8_000);
      row(`100 tool calls over a conversation of ${said} characters: bytes of history`, "≤ 1,000,000", bytes);
    }),
  kills: () =>
    site(
      async (one) => {
        const found = await takeOvers(one, Number(values.kills));
        const figures = `${spread(found, 0)} (${found.length})`;
        row("a worker killed, to the next step in the one beside it, ms (kills)", "≤ 6,000", figures);
      },
      { turns: 100_000, latencyMs: 100 },
    ),
  parked: () =>
    site(async (one) => {
      const seconds = await answeredAtOnce(one, 100);
      row(
        "100 parked tasks answered at once on a fresh worker: the last one goes on, s",
        "≤ 15",
        seconds.toFixed(1),
      );
    }),
  events: () =>
    site(
      async (one) => {
        const { any, worked } = await firstEvents(one, 50);
        const tail = (all: readonly number[]): string =>
          `${median(all).toFixed(0)} / ${quantile(all, 0.99).toFixed(0)}`;
        row("a task given to its first event at the client, p50 / p99, ms", "p50 ≤ 150", tail(any));
        row("and to the first that its worker brings, p50 / p99, ms", "", tail(worked));
      },
      { turns: 0 },
    ),
  crowd: crowds,
  ...(values.long && { long }),
};

async function pairs(what: string, more: readonly string[]): Promise<void> {
  const found = await apart((server) => turnPairs(server, 40, Number(values.pairs)), more);
  const ratios = found.map(({ ours, hand }) => ours / hand);
  const figures = [found.map(({ ours }) => ours), found.map(({ hand }) => hand)].map((all) => spread(all, 1));
  row(`${what} (by hand), pairs: ${found.length}`, "", `${figures[0]} (${figures[1]})`);
  row("the ratio of each pair", "≤ 1.15", spread(ratios));
}

/** Rounds of both, in turns. */
async function crowds(): Promise<void> {
  const found: Record<EngineName, number[]> = { ours: [], hand: [] };
  const tasks = Number(values.tasks);
  const none = { timedOut: 0, notTaken: 0, failed: 0 };
  const trouble: Record<EngineName, typeof none> = { ours: { ...none }, hand: { ...none } };
  for (let round = 0; round < 3; round++)
    for (const engine of round % 2 === 0 ? (["ours", "hand"] as const) : (["hand", "ours"] as const))
      await site(
        async (one) => {
          const { turnsASecond, ...counted } = await crowd(one, tasks);
          found[engine].push(turnsASecond);
          for (const what of ["timedOut", "notTaken", "failed"] as const)
            trouble[engine][what] += counted[what];
        },
        { engine },
      );
  const ratios = found.ours.map((rate, round) => rate / (found.hand[round] ?? Number.NaN));
  row(
    `${tasks} tasks at once on two workers, turns a second (by hand)`,
    "",
    `${spread(found.ours, 0)} (${spread(found.hand, 0)})`,
  );
  row("the ratio of each round", "≥ 0.9", spread(ratios));
  row(
    "failures; workflow tasks that timed out (by hand)",
    "0; 0",
    `${trouble.ours.failed} (${trouble.hand.failed}); ${trouble.ours.timedOut} (${trouble.hand.timedOut})`,
  );
  row(
    "workflow tasks that a worker's own queue did not take within 1 s, and any worker's then did (by hand)",
    "",
    `${trouble.ours.notTaken} (${trouble.hand.notTaken})`,
  );
}

function long(): Promise<void> {
  return site(
    async (one) => {
      const found = await longTask(one);
      const mebibytes = (all: readonly number[]): string =>
        spread(
          all.map((value) => value / 2 ** 20),
          0,
        );
      const late = found.pace.slice(-2);
      row(
        `a task of ${one.turns} turns: seconds; runs, events of the largest`,
        "completes",
        `${found.seconds.toFixed(0)}; ${found.runs}, ${found.events}`,
      );
      row(
        "its last thousand turns against its second, ms",
        "",
        `${median(late).toFixed(0)} : ${median(found.pace.slice(2, 4)).toFixed(0)}`,
      );
      row(
        "its worker's RSS; live heap, MiB (min / median / max)",
        "flat",
        `${mebibytes(found.resident)}; ${mebibytes(found.live)}`,
      );
      row(
        "bytes a turn in the first and the last run",
        "flat",
        found.flat.map((bytes) => bytes.toFixed(0)).join(", "),
      );
    },
    { turns: 10_000 },
  );
}

const load = (): string =>
  loadavg()
    .map((value) => value.toFixed(0))
    .join(", ");

row("figure", "goal", "min / median / max");
row("---", "---", "---");
for (const [name, part] of Object.entries(parts)) {
  if (values.only !== undefined && values.only !== name) continue;
  const before = load();
  await part();
  row(`(load ${name})`, "", `${before} → ${load()}`);
}
process.exit();
