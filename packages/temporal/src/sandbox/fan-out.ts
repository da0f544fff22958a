/**
 * Fan-out inside one effect: many calls at once, but not more than the limit, and their outcomes in call order.
 *
 * Invariant: nothing here rejects while something else still runs, so no completion order decides what happens next.
 */
import type { maximumParallelCalls } from "omniforge/protocol";

/** The same figure as the protocol's `maximumParallelCalls`, whose value can't be imported here; the types agree. */
const maximumLanes: typeof maximumParallelCalls = 32;

type Settled<Value> = { readonly value: Value } | { readonly thrown: unknown };

/** Performs all of them; throws what the first of them, by order, has thrown, once all have come back. */
export async function fanOut<Item, Value>(
  items: readonly Item[],
  perform: (item: Item) => Promise<Value>,
): Promise<readonly Value[]> {
  const outcomes = new Map<number, Settled<Value>>();
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) {
      const item = items[at];
      if (item !== undefined) outcomes.set(at, await settle(perform(item)));
    }
  };
  const lanes = Array.from({ length: Math.min(maximumLanes, items.length) }, lane);
  for (const one of lanes) await one;
  return items.map((_, at) => {
    const outcome = outcomes.get(at);
    if (outcome === undefined) throw new Error(`call ${at} was not performed`);
    if ("thrown" in outcome) throw outcome.thrown;
    return outcome.value;
  });
}

async function settle<Value>(promise: Promise<Value>): Promise<Settled<Value>> {
  try {
    return { value: await promise };
  } catch (thrown) {
    return { thrown };
  }
}
