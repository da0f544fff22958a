/** Named points at which tools and models wait for the scenario: what happens first is never left to the clock. */
import { deferred, type Deferred } from "./deferred.ts";

interface Gate {
  arrivals: number;
  readonly waiting: { readonly times: number; readonly resolve: () => void }[];
  readonly opened: Deferred;
}

export class Gates {
  readonly #gates = new Map<string, Gate>();

  /** Waits here until the gate is open; rejects with the signal's reason when it aborts first. */
  async pass(name: string, signal?: AbortSignal): Promise<void> {
    const gate = this.#gate(name);
    gate.arrivals++;
    for (const one of gate.waiting) if (gate.arrivals >= one.times) one.resolve();
    await Promise.race([gate.opened.promise, aborted(signal)]);
  }

  /** Resolves once this many have come to the gate. */
  reached(name: string, times = 1): Promise<void> {
    const gate = this.#gate(name);
    if (gate.arrivals >= times) return Promise.resolve();
    return new Promise((resolve) => {
      gate.waiting.push({ times, resolve });
    });
  }

  /** Lets everybody pass, now and later. */
  open(name: string): void {
    this.#gate(name).opened.resolve();
  }

  #gate(name: string): Gate {
    const known = this.#gates.get(name);
    if (known !== undefined) return known;
    const gate: Gate = { arrivals: 0, waiting: [], opened: deferred() };
    this.#gates.set(name, gate);
    return gate;
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = (): void => reject(signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
    if (signal?.aborted === true) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}
