/**
 * Which namespace a log's tasks are kept in: one, for all processes that share the log.
 *
 * Owns: refusing any other. A task that was begun in one namespace is "not found" in another, which would be taken for an
 * end from outside, and all that wait there would be ended. Where a namespace may not be looked at, nothing is compared.
 */
import { OmniForgeError } from "omniforge/protocol";
import type { StepWorld } from "omniforge/steps";
import type { TemporalClient } from "./client.ts";
import type { Place, TemporalOptions } from "./options.ts";

/** Each throws ENGINE_ELSEWHERE where tasks of this log are under way in another namespace. */
export interface Home {
  /** Asks the server which namespace this is; another one with that name may answer there by now. */
  settle(options?: Pick<TemporalOptions, "takeOver">): Promise<void>;
  /** As far as the server has said it before: costs a look into the store. */
  check(): Promise<void>;
}

export function createHome(
  { store }: Pick<StepWorld, "store">,
  client: Pick<TemporalClient, "namespaceId">,
  { address, namespace }: Pick<Place, "address" | "namespace">,
): Home {
  const name = `namespace ${namespace} at ${address}`;
  let known: string | undefined;

  async function compare(id: string): Promise<void> {
    const home = await store.executions.home("temporal", { id, name });
    if (home.id === id) return;
    const where = home.name === name ? "which has lost its data since, or is another server now" : "not here";
    throw new OmniForgeError(
      "ENGINE_ELSEWHERE",
      `tasks of this log are under way in the ${home.name}, ${where} (here: ${name}). Point to the server that has ` +
        "them; or, when it is gone for good, stop all workers and have them go on here: omniforge temporal setup --take-over.",
    );
  }

  return {
    async settle({ takeOver = false } = {}) {
      known = await client.namespaceId();
      if (known === undefined) return;
      await (takeOver ? store.executions.moveHome("temporal", { id: known, name }) : compare(known));
    },
    async check() {
      if (known !== undefined) await compare(known);
    },
  };
}
