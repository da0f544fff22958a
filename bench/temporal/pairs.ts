/** One task after another, OmniForge's and the hand-written workflow's in turns, on one server: what a turn costs each. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOmniForge, type OmniForge } from "omniforge";
import type { BackendFactory } from "omniforge/backend";
import { temporal } from "../../packages/temporal/src/index.ts";
import type { TestServer } from "../../tests/temporal/server.ts";
import { agentOf, look, promptModel, untilAllEnded } from "../engine.ts";
import { gaps, median } from "../statistics.ts";
import { handWritten } from "./hand-written.ts";

export interface Pair {
  /** Milliseconds of a turn, the median of a task's. */
  readonly ours: number;
  readonly hand: number;
}

interface Side {
  readonly forge: OmniForge;
  /** When its model calls began. */
  readonly moments: number[];
}

/** So many pairs of tasks of so many turns; who goes first changes with every pair. */
export async function turnPairs(server: TestServer, turns: number, pairs: number): Promise<readonly Pair[]> {
  const folder = mkdtempSync(join(tmpdir(), "omniforge-bench-"));
  const { address } = server;
  const open = async (name: string, make: (onTurn: () => void) => BackendFactory): Promise<Side> => {
    const moments: number[] = [];
    const onTurn = (): void => void moments.push(performance.now());
    const forge = await createOmniForge({
      dataDirectory: join(folder, name),
      tools: [look],
      models: { "bench:model": promptModel(turns, onTurn) },
      backend: make(onTurn),
    });
    return { forge, moments };
  };
  const ours = await open("ours", () => temporal({ address, taskQueue: "ours" }));
  // Its model is never called: its activities say themselves when they begin.
  const hand = await open("hand", (onTurn) => handWritten({ address, taskQueue: "hand", turns, onTurn }));
  try {
    const found: Pair[] = [];
    // The first pair compiles; it counts nowhere.
    for (let pair = 0; pair <= pairs; pair++) {
      const early = pair % 2 === 0 ? await turnOf(hand, turns, pair) : undefined;
      const one = await turnOf(ours, turns, pair);
      const both = { ours: one, hand: early ?? (await turnOf(hand, turns, pair)) };
      if (pair > 0) found.push(both);
    }
    return found;
  } finally {
    await ours.forge.close();
    await hand.forge.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function turnOf({ forge, moments }: Side, turns: number, before: number): Promise<number> {
  moments.length = 0;
  await forge.submit(agentOf(turns), "go");
  await untilAllEnded(forge, before + 1);
  if (moments.length !== turns + 1) throw new Error(`${moments.length} model calls, not ${turns + 1}`);
  return median(gaps(moments));
}
