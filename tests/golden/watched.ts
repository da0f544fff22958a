/** An engine whose every execution of a tool or model is in the ledger of its data directory. */
import { join } from "node:path";
import type { BackendFactory } from "omniforge/backend";
import { openLedger } from "../../packages/omniforge/src/testing/crash/ledger.ts";
import { createPoints } from "../../packages/omniforge/src/testing/crash/points.ts";
import { watchWorld } from "../../packages/omniforge/src/testing/crash/watch-world.ts";

export async function watchedBy(
  directory: string,
  number: number,
  engine: BackendFactory,
): Promise<BackendFactory> {
  const points = await createPoints(join(directory, `points-${number}.txt`), undefined);
  const ledger = openLedger(directory, number);
  return (world, how) => engine(watchWorld(world, { points, ledger, tenant: "default" }), how);
}
