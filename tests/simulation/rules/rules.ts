/** All that must hold after a simulation. */
import { checkLog } from "omniforge/testing";
import type { Outcome } from "../simulate.ts";
import { tenant } from "../watch.ts";
import { checkCalls, checkChildren, checkPromises, checkReceipts, checkTaken } from "./ledger-rules.ts";

/** Every breach, as sentences that name their rule; none when all is well. */
export async function breachesOf(outcome: Outcome): Promise<readonly string[]> {
  const { store, tasks, ledger } = outcome;
  const breaches = [...ledger.breaches, ...checkPromises(outcome), ...checkChildren(outcome)];
  for (const [task, watched] of tasks) {
    const reference = { tenant, task };
    const log = await store.read(reference, 0);
    if (JSON.stringify(log) !== JSON.stringify(watched.log))
      breaches.push(`W1: the log of ${task} was changed after it was written`);
    const late = (await store.late(reference)).map(({ entry }) => entry);
    breaches.push(
      ...checkLog(watched.row, log),
      ...checkTaken(outcome, task, log),
      ...checkCalls(outcome, task, watched, late),
      ...checkReceipts(outcome, task, late),
    );
  }
  return breaches;
}
